using CsCheck;
using Iced.Intel;
using LguestPS.Traps;
using Xunit;

namespace LguestPS.Tests.DeviceMemory;

/// <summary>What the engine decodes at device memory is what others decode.</summary>
public class DeviceInstructionTests
{
    private static readonly Mnemonic[] Moves = [Mnemonic.Mov, Mnemonic.Movzx, Mnemonic.Movsx];

    [Fact]
    public void Every_form_has_the_length_operand_and_address_that_another_decoder_finds()
    {
        Random random = new(14);
        foreach (int opcode in DrawnAccess.Opcodes)
        {
            for (int i = 0; i < 2000; i++)
            {
                DrawnAccess drawn = DrawnAccess.Draw(random, opcode, ring: 3, (uint)random.NextInt64(1L << 32));
                Instruction expected = drawn.Decode();
                Assert.True(DeviceInstruction.TryDecode(drawn.Code, drawn.Registers, out DeviceInstruction found), $"{drawn}");
                Assert.Equal((drawn, (uint)expected.Length), (drawn, found.Length));
                Assert.Equal((drawn, expected.MemorySize.GetSize()), (drawn, found.Width));
                Assert.Equal((drawn, expected.Op0Kind == OpKind.Memory), (drawn, found.IsWrite));
                Assert.Equal((drawn, drawn.Linear), (drawn, drawn.AddressOf(expected)));
                for (int length = 0; length < drawn.Code.Length; length++) Assert.False(DeviceInstruction.TryDecode(drawn.Code.AsSpan(0, length), drawn.Registers, out _));
            }
        }
    }

    [Fact]
    public void Any_bytes_are_decoded_as_another_decoder_does_or_not_at_all() =>
        Gen.Select(Gen.Int[0, DrawnAccess.Opcodes.Count - 1], Gen.Byte.Array[15], Gen.Int[0, 4]).Sample((opcode, bytes, at) =>
        {
            bytes[at] = (byte)DrawnAccess.Opcodes[opcode];
            if (!DeviceInstruction.TryDecode(bytes, default, out DeviceInstruction found)) return true;
            Instruction expected = Decoder.Create(32, bytes).Decode();
            return Moves.Contains(expected.Mnemonic) && (uint)expected.Length == found.Length && expected.MemorySize.GetSize() == found.Width;
        }, iter: 200_000, threads: 1);

    [Theory]
    [InlineData("01 08")]                // add [eax], ecx
    [InlineData("0F B6 C0")]             // movzx eax, al
    [InlineData("89 C8")]                // mov eax, ecx
    [InlineData("C7 48 04 01 00 00 00")] // another of this group
    [InlineData("67 8B 07")]             // mov eax, [bx]
    [InlineData("F0 89 08")]             // with lock
    [InlineData("F3 A4")]                // rep movsb
    [InlineData("8E 18")]                // mov ds, [eax]
    [InlineData("0F 6F 00")]             // movq mm0, [eax]
    [InlineData("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66")]
    public void Anything_else_is_not_decoded(string code) =>
        Assert.False(DeviceInstruction.TryDecode([.. Convert.FromHexString(code.Replace(" ", "")), 0, 0, 0, 0, 0, 0, 0, 0], default, out _));
}
