using System.Buffers.Binary;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Paging;
using LguestPS.Tests.Cpu;

namespace LguestPS.Tests.Programs;

/// <summary>Runs a static i386 program on the emulated CPU, in ring 3, with no kernel below it: what the programs of tests/programs ask of Linux is done here.</summary>
internal sealed class UserMachine : IDisposable
{
    private const long Most = 2_000_000_000;
    private const int StackPages = 16, FirstThreadSegment = 6, ThreadSegments = 3;
    private const byte SystemCall = 0x80;

    // Size of the siginfo_t that a handler gets; nothing is in it here.
    private const int SignalInformation = 128;


    private readonly CpuMachine machine;
    private readonly MemoryStream output = new();
    private readonly Dictionary<int, uint> handlers = [];
    private readonly Dictionary<int, uint> restorers = [];
    private int? status;

    /// <param name="program">The ELF file.</param>
    /// <param name="heat">How hot code must be to be compiled, 0 for all of it at once; null to compile nothing.</param>
    public UserMachine(byte[] program, int? heat)
    {
        machine = new CpuMachine(ramBytes: 8 << 20, make: (memory, timeStamp) => new EmulatedCpu(memory, timeStamp, heat));
        for (uint page = 1; page < StackPages; page++) machine.Page(CpuMachine.Stack - page * 4096);
        foreach (byte open in (ReadOnlySpan<byte>)[3, 4, SystemCall]) machine.Cpu.SetGatePrivilege(open, 3);
        Load(program);
        machine.Registers.Esp = CpuMachine.StackTop - 16;
        machine.Cpu.TaskSwitched = false;
    }

    private ref GuestRegisters Registers => ref machine.Registers;

    /// <summary>Runs the program to its end.</summary>
    /// <exception cref="InvalidOperationException">It asks for something that is not here, or does not end.</exception>
    public ProgramRun Run(string name)
    {
        while (status is null)
        {
            if (machine.Cpu.InstructionCount > Most) throw new InvalidOperationException($"{name} does not end");
            CpuExit exit = machine.Run(Most);
            if (exit is { Kind: CpuExitKind.Trap, Vector: SystemCall }) Registers.Eax = (uint)Call();
            else if (exit.Kind == CpuExitKind.Trap) Deliver(exit);
            else if (exit.Kind != CpuExitKind.Budget) throw new InvalidOperationException($"{name}: {exit}");
        }
        return new ProgramRun(name, output.ToArray(), status.Value);
    }

    public void Dispose() => machine.Dispose();

    private void Load(byte[] file)
    {
        int headers = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(28)), count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(44));
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = file.AsSpan(headers + i * 32, 32);
            uint Word(ReadOnlySpan<byte> of, int at) => BinaryPrimitives.ReadUInt32LittleEndian(of[at..]);
            if (Word(header, 0) != 1) continue;
            uint offset = Word(header, 4), address = Word(header, 8), inFile = Word(header, 16), inMemory = Word(header, 20);
            bool writable = (Word(header, 24) & 2) != 0;
            for (uint page = address & ~0xFFFu; page < address + inMemory; page += 4096)
                machine.Page(page, PageFlags.Present | PageFlags.User | (writable ? PageFlags.Writable : 0));
            Write(address, file.AsSpan((int)offset, (int)inFile));
        }
        Registers.Eip = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(24));
    }

    private void Write(uint address, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++) machine.Memory.Write8(machine.Physical(address + (uint)i), bytes[i]);
    }

    private int Call()
    {
        const int Exit = 1, WriteCall = 4, Return = 173, Action = 174, ThreadArea = 243;
        switch (Registers.Eax)
        {
            case Exit:
                status = (int)(Registers.Ebx & 0xFF) << 8;
                return 0;
            case WriteCall:
                for (uint i = 0; i < Registers.Edx; i++) output.WriteByte(machine.Memory.Read8(machine.Physical(Registers.Ecx + i)));
                return (int)Registers.Edx;
            case Action:
                handlers[(int)Registers.Ebx] = machine.Read32(Registers.Ecx);
                restorers[(int)Registers.Ebx] = machine.Read32(Registers.Ecx + 8);
                return 0;
            case ThreadArea:
                return SetSegment(Registers.Ebx);
            case Return:
                Restore(machine.Read32(Registers.Esp + 8));
                return (int)Registers.Eax;
            default:
                throw new InvalidOperationException($"there is no system call {Registers.Eax} here");
        }
    }

    /// <summary>A descriptor for the program: number (-1 for a free one), base, limit, and bits, of which 32-bit, read only, pages and present count here.</summary>
    private int SetSegment(uint address)
    {
        const int Invalid = -22, NoneLeft = -3;
        int number = (int)machine.Read32(address);
        if (number == -1) number = Enumerable.Range(FirstThreadSegment, ThreadSegments).FirstOrDefault(free => machine.Descriptors[free] == 0);
        if (number == 0) return NoneLeft;
        if (number is < FirstThreadSegment or >= FirstThreadSegment + ThreadSegments) return Invalid;
        uint bits = machine.Read32(address + 12);
        byte access = (byte)(0xF3 & ((bits & 8) != 0 ? ~2 : ~0));
        byte flags = (byte)((bits & 1) << 2 | (bits & 16) >> 1 | (bits & 64) >> 6);
        machine.Descriptors[number] = CpuMachine.Segment(machine.Read32(address + 4), machine.Read32(address + 8), access, flags);
        machine.LoadDescriptors();
        machine.Write32(address, (uint)number);
        return 0;
    }

    /// <summary>Makes a fault the signal that Linux makes of it, with the frame of a handler that takes all three arguments.</summary>
    private void Deliver(CpuExit exit)
    {
        int signal = exit.Vector switch { 0 or 16 or 19 => 8, 1 or 3 => 5, 6 => 4, 11 or 12 => 7, _ => 11 };
        if (!handlers.TryGetValue(signal, out uint handler))
        {
            status = signal;
            return;
        }
        GuestRegisters now = Registers;
        uint[] context =
        [
            0, 0, 0, 0, 0, now.Gs, now.Fs, now.Es, now.Ds, now.Edi, now.Esi, now.Ebp, now.Esp, now.Ebx, now.Edx, now.Ecx, now.Eax, exit.Vector, exit.ErrorCode,
            now.Eip, now.Cs, now.Eflags, now.Esp, now.Ss, 0, 0, exit.FaultAddress,
        ];
        uint contextAt = (now.Esp - (uint)context.Length * 4) & ~15u, informationAt = contextAt - SignalInformation;
        uint[] frame = [restorers[signal], (uint)signal, informationAt, contextAt];
        uint frameAt = ((informationAt - (uint)frame.Length * 4) & ~15u) - 4;
        Write(contextAt, System.Runtime.InteropServices.MemoryMarshal.AsBytes(context.AsSpan()));
        Write(frameAt, System.Runtime.InteropServices.MemoryMarshal.AsBytes(frame.AsSpan()));
        Registers.Esp = frameAt;
        Registers.Eip = handler;
        Registers.Eflags &= ~(Eflags.Direction | Eflags.Trap);
        Registers.Ds = Registers.Es = CpuMachine.UserData;
    }

    private void Restore(uint at)
    {
        uint Saved(uint place) => machine.Read32(at + place * 4);
        (Registers.Gs, Registers.Fs, Registers.Es, Registers.Ds) = ((ushort)Saved(5), (ushort)Saved(6), (ushort)Saved(7), (ushort)Saved(8));
        (Registers.Edi, Registers.Esi, Registers.Ebp, Registers.Esp) = (Saved(9), Saved(10), Saved(11), Saved(12));
        (Registers.Ebx, Registers.Edx, Registers.Ecx, Registers.Eax) = (Saved(13), Saved(14), Saved(15), Saved(16));
        (Registers.Eip, Registers.Cs, Registers.Eflags, Registers.Ss) = (Saved(19), (ushort)Saved(20), Saved(21), (ushort)Saved(23));
    }
}
