using LguestPS.Tests.Cpu.Kvm;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests.Eras;

/// <summary>
/// What the first code of distributions' kernels does before the kernel knows that it is a guest: the instructions as compilers made them,
/// run by each CPU. Each piece comes to its end with the right values, or runs into ud2.
/// </summary>
public sealed class EarlyCodeTests : IDisposable
{
    private const uint Data = 0x4000;
    private const uint Text = 0x5000;
    private const uint End = 0x6000;
    private const string OrElse = "02 0F 0B";          // after a short jump's opcode: over ud2

    // LGUEST_INIT, SHUTDOWN with "Power down".
    private const string Epilogue = "B8 01000000 BB 00400000 CD 1F B8 02000000 BB 00500000 B9 01000000 CD 1F EB FE";

    private readonly TempFolder folder = new();

    public static TheoryData<string, string> Pieces => new()
    {
        // cld; testb $0x40,0x211(%esi); jnz; cli; lea 0x1e8(%esi),%esp; call; pop %ebp
        { "the unpacker's entry leaves segments alone and has its stack in the boot parameters", "FC F6 86 11020000 40 75 01 F4 8D A6 E8010000 E8 00000000 5D" },
        // push $0; popf; pushf; pop %eax; test $2,%ah
        { "the unpacker clears eflags, which takes no interrupts away", $"6A 00 9D 9C 58 F6 C4 02 75 {OrElse}" },
        // mov %cr3,%eax; mov %eax,…; test %eax,%eax
        { "OLPC keeps the firmware's page directory", $"0F 20 D8 A3 00700000 85 C0 74 {OrElse}" },
        // wrmsr 0x8b; cpuid; rdmsr 0x8b; rdmsr 0x17
        { "the microcode loader asks for a revision", $"B9 8B000000 31 C0 31 D2 0F 30 B8 01000000 31 C9 0F A2 B9 8B000000 0F 32 85 D2 74 {OrElse} B9 17000000 0F 32 09 D0 74 {OrElse}" },
        // mov %gs:20,%edx; push; pop; xor %gs:20,%eax; and by %fs
        { "the stack protector reads its canary by gs before gs is loaded", $"65 8B 15 14000000 52 58 65 33 05 14000000 74 {OrElse} 64 A1 14000000" },
        // pushf; cli; popf
        { "cmpxchg8b is emulated with interrupts off", "9C FA 3B 06 9D" },
        // mov %cr0,%edx; test $0xc,%dl; fninit; fnstsw; fnstcw
        { "the unpacker finds the FPU", $"0F 20 C2 F6 C2 0C 74 {OrElse} DB E3 DD 3D 00700000 D9 3D 02700000 66 83 3D 00700000 00 74 {OrElse}" },
        // pushf twice; flip ID; push; popf; pushf; popf
        { "the unpacker finds cpuid", $"9C 9C 58 89 C1 81 F1 00002000 51 9D 9C 59 9D 31 C8 A9 00002000 75 {OrElse}" },
        // cpuid 1; test TSC; rdtsc; rdrand only if it is there
        { "a random address is made of the time stamp counter", $"B8 01000000 0F A2 F7 C2 10000000 75 {OrElse} 0F BA E1 1E 73 03 0F C7 F0 0F 31" },
        // outb 0xc2,0x43; inb 0x40 three times; test $0x40; jne back
        { "a random address is made of the interval timer", "B0 C2 E6 43 E4 40 88 C1 E4 40 E4 40 F6 C1 40 75 EF" },
        // mov $0x3fd,%dx; in; test $0x20,%al; je back; out
        { "earlyprintk=serial waits for its port", "BA FD030000 EC A8 20 74 FB BA F8030000 B0 41 EE" },
        // pushf; push %cs; push $1f; iret
        { "4.10 serialises with an iret to itself", "9C 0E E8 00000000 83 04 24 05 CF" },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Pieces))]
    public void Early_code_comes_to_its_end_on_the_emulated_CPU(string what, string code) => Run(what, code, CpuChoice.Emulated);

    [SkippableTheory]
    [MemberData(nameof(Pieces))]
    public void Early_code_comes_to_its_end_on_KVM(string what, string code)
    {
        KvmHost.Require();
        Run(what, code, CpuChoice.Kvm);
    }

    [Fact]
    public void A_piece_with_a_wrong_value_ends_the_guest()
    {
        using Guest guest = Start($"0F 20 D8 85 C0 75 {OrElse}", CpuChoice.Emulated);
        Assert.StartsWith("unhandled trap 6", guest.Ending!.Reason);
    }

    private void Run(string what, string code, CpuChoice cpu)
    {
        using Guest guest = Start(code, cpu);
        Assert.True(guest.Ending?.Kind == EndingKind.PowerDown, $"{what}: {guest.Ending}");
    }

    private Guest Start(string code, CpuChoice cpu)
    {
        byte[] memory = new byte[End - Physical];
        // A stack for the pieces that do not make one: mov $0x6000,%esp
        Convert.FromHexString(("BC 00600000" + code + Epilogue).Replace(" ", "")).CopyTo(memory, 0);
        LguestData(Era.Virtio31).CopyTo(memory, Data - Physical);
        "Power down\0"u8.CopyTo(memory.AsSpan((int)(Text - Physical)));
        GuestDefinition definition = new()
        {
            Name = "early", Kernel = folder.Write("kernel", ElfAt(Physical, new Segment(Physical, memory))), Memory = 4 << 20, Abi = Era.Virtio31, Cpu = cpu,
            Clock = ClockKind.Events, Limits = new GuestLimits(Time: TimeSpan.FromMinutes(1)),
        };
        Guest guest = Guest.Create(definition);
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test" }))
        {
        }
        return guest;
    }
}
