using System.Diagnostics;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Cpu.Kvm;

/// <summary>A tiny guest that finds out whether a vCPU does what guests need: traps and returns between rings, protection, changed page tables, the x87, <c>cpuid</c> and <c>rdtsc</c>.</summary>
internal sealed class ProbeGuest : IDisposable
{
    private const uint Pages = 16;
    private const uint Directory = 0x1000, UserTable = 0x2000, KernelTable = 0x3000;
    private const uint KernelCode = 0x4000, KernelData = 0x5000, ReadOnlyPage = 0x6000, FirstPage = 0x7000, SecondPage = 0x8000;
    private const uint UserCode = 0x9000, UserStack = 0xA000;

    private const uint KernelBase = 0xC0000000;
    private const uint ReadOnlyLinear = KernelBase + 0x2000, MovingLinear = KernelBase + 0x3000;
    private const uint UserBase = 0x1000;
    private const uint FirstValue = 0x11111111, SecondValue = 0x22222222, UserValue = 0x1234;
    private const ulong TimeStamp = 0x0000_0005_6789_ABCD;
    private const byte SystemCall = Vector.SystemCall;

    private const uint Kernel = PageFlags.Present | PageFlags.Writable;
    private const uint User = Kernel | PageFlags.User;

    private static readonly long Patience = 10 * Stopwatch.Frequency;

    private static readonly byte[] KernelProgram =
    [
        0xB8, 0x01, 0x00, 0x00, 0x00,           // mov eax, 1
        0x0F, 0xA2,                             // cpuid
        0xCD, 0x1F,                             // int 0x1f
        0xA3, 0x00, 0x20, 0x00, 0xC0,           // mov [ReadOnlyLinear], eax
        0x8B, 0x1D, 0x00, 0x30, 0x00, 0xC0,     // mov ebx, [MovingLinear]
        0xCD, 0x1F,                             // int 0x1f
        0x8B, 0x1D, 0x00, 0x30, 0x00, 0xC0,     // mov ebx, [MovingLinear]
        0xCD, 0x1F,                             // int 0x1f
        0xDB, 0xE3,                             // fninit
        0xD9, 0xE8,                             // fld1
        0xD8, 0xC0,                             // fadd st0, st0
        0xDB, 0x1D, 0x00, 0x10, 0x00, 0xC0,     // fistp dword [KernelData]
        0x8B, 0x1D, 0x00, 0x10, 0x00, 0xC0,     // mov ebx, [KernelData]
        0xCD, 0x1F,                             // int 0x1f
        0x0F, 0x31,                             // rdtsc
        0xCD, 0x1F,                             // int 0x1f
        0x6A, 0x7B,                             // push user data
        0x68, 0x00, 0x30, 0x00, 0x00,           // push top of the user's stack
        0x68, 0x02, 0x02, 0x00, 0x00,           // push eflags
        0x6A, 0x73,                             // push user code
        0x68, 0x00, 0x10, 0x00, 0x00,           // push UserBase
        0xCF,                                   // iret
    ];

    private static readonly byte[] UserProgram =
    [
        0xB9, 0x34, 0x12, 0x00, 0x00,           // mov ecx, UserValue
        0xB8, 0x7B, 0x00, 0x00, 0x00,           // mov eax, user data
        0x8E, 0xD8,                             // mov ds, ax
        0xCD, 0x80,                             // int 0x80
        0xFA,                                   // cli
        0x89, 0x0D, 0x00, 0x10, 0x00, 0xC0,     // mov [KernelData], ecx
    ];

    private readonly GuestMemory memory = new(Pages << GuestMemory.PageShift, devicePages: 0);
    private readonly VirtualCpu cpu;

    /// <param name="make">Makes the vCPU to try; it is disposed with this guest.</param>
    public ProbeGuest(Func<GuestMemory, Func<ulong>, VirtualCpu> make)
    {
        try
        {
            cpu = make(memory, () => TimeStamp);
        }
        catch
        {
            memory.Dispose();
            throw;
        }

        memory.Write(KernelCode, KernelProgram);
        memory.Write(UserCode, UserProgram);
        memory.Write32(FirstPage, FirstValue);
        memory.Write32(SecondPage, SecondValue);
        memory.Write32(Directory, UserTable | User);
        memory.Write32(Directory + PageTableFormat.TwoLevel.AboveTables.Index(KernelBase) * 4, KernelTable | Kernel);
        MapKernel(KernelBase, KernelCode | Kernel);
        MapKernel(KernelBase + 0x1000, KernelData | Kernel);
        MapKernel(ReadOnlyLinear, ReadOnlyPage | PageFlags.Present);
        MapKernel(MovingLinear, FirstPage | Kernel);
        memory.Write32(UserTable + 4, UserCode | User);
        memory.Write32(UserTable + 8, UserStack | User);

        const ulong userRing = 2UL << 45;       // with the kernel's 1 it makes 3
        DescriptorTable table = new(cpu.LoadDescriptors);
        ulong[] descriptors = table.Descriptors.ToArray();
        descriptors[DescriptorTable.KernelCodeEntry + 2] = descriptors[DescriptorTable.KernelCodeEntry] | userRing;
        descriptors[DescriptorTable.KernelDataEntry + 2] = descriptors[DescriptorTable.KernelDataEntry] | userRing;
        cpu.LoadDescriptors(descriptors);
        cpu.SetGatePrivilege(Vector.Hypercall, DescriptorTable.GuestPrivilegeLevel);
        cpu.SetGatePrivilege(SystemCall, 3);
        cpu.SetAddressSpace(Directory);
        cpu.Registers = new GuestRegisters
        {
            Eip = KernelBase, Esp = KernelBase + 0x2000, Eflags = Eflags.AlwaysOne | Eflags.Interrupt,
            Cs = DescriptorTable.KernelCodeSelector, Ss = DescriptorTable.KernelDataSelector,
            Ds = DescriptorTable.KernelDataSelector, Es = DescriptorTable.KernelDataSelector,
        };
    }

    /// <summary>Runs the guest.</summary>
    /// <returns>Null if all went as on a processor, else what says what did not.</returns>
    public Func<string>? Run()
    {
        CpuExit hypercall = CpuExit.Trap(Vector.Hypercall);
        return Expect("cpuid", hypercall, r => (r.Eax, r.Ebx, r.Ecx, r.Edx) == CpuIdentity.Leaf(1))
            ?? Expect("write protection in ring 1", CpuExit.Trap(Vector.PageFault, 3, ReadOnlyLinear), skip: 5)
            ?? Expect("reading memory", hypercall, r => r.Ebx == FirstValue)
            ?? Move()
            ?? Expect("a changed page table", hypercall, r => r.Ebx == SecondValue)
            ?? Expect("x87 arithmetic", hypercall, r => r.Ebx == 2)
            ?? Expect("rdtsc", hypercall, r => (r.Edx, r.Eax) == ((uint)(TimeStamp >> 32), unchecked((uint)TimeStamp)))
            ?? Expect("a return to ring 3 and a system call", CpuExit.Trap(SystemCall), r => r.PrivilegeLevel == 3 && r.Ecx == UserValue)
            ?? Expect("a privileged instruction in ring 3", CpuExit.Trap(Vector.GeneralProtection), skip: 1)
            ?? Expect("the kernel's memory in ring 3", CpuExit.Trap(Vector.PageFault, 7, KernelBase + 0x1000));
    }

    /// <summary>Runs the guest, which is stopped before an instruction of its kernel and one of its program.</summary>
    /// <returns>As <see cref="Run"/>.</returns>
    public Func<string>? RunWatched()
    {
        uint[] instructions = [KernelBase + 5, UserBase + 5];
        cpu.Watch([.. instructions.Select(linear => new WatchRange(linear, 1, MemoryAccess.Execute))]);
        int found = 0;
        while (cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + Patience)) is var exit && exit != CpuExit.Trap(SystemCall))
        {
            if (exit.Watched is { } watched && found < instructions.Length && watched.Address == instructions[found] && watched.Eip == cpu.Registers.Eip) found++;
            else if (exit is { Kind: CpuExitKind.Trap, Vector: Vector.PageFault }) cpu.Registers.Eip += 5;
            else if (exit != CpuExit.Trap(Vector.Hypercall)) return exit.Why ?? Saying($"watching instructions led to {exit.Kind} at 0x{cpu.Registers.Eip:x8}");
        }
        return found == instructions.Length ? null : Saying("a watched instruction was passed");
    }

    /// <summary>Runs the guest's kernel, which makes a hypercall by <c>vmcall</c>.</summary>
    /// <returns>As <see cref="Run"/>.</returns>
    public Func<string>? RunVmcall()
    {
        cpu.AcceptsVmcall = true;
        memory.Write(KernelCode, [0x0F, 0x01, 0xC1, 0xCD, 0x1F]);      // vmcall; int 0x1f, where it would come out if nothing came of that
        return Expect("vmcall", CpuExit.Trap(Vector.Hypercall), r => r.Eip == KernelBase + GuestCode.VmcallLength);
    }

    public void Dispose()
    {
        cpu.Dispose();
        memory.Dispose();
    }

    private Func<string>? Expect(string what, CpuExit expected, Func<GuestRegisters, bool>? check = null, uint skip = 0)
    {
        CpuExit exit = cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + Patience));
        if (exit.Kind == CpuExitKind.Dead) return exit.Why;
        if (exit.Kind == CpuExitKind.Budget) return Saying($"{what} took too long");
        if (exit != expected) return Saying($"{what} led to {Vector.Name(exit.Vector)} (0x{exit.ErrorCode:x}) instead of {Vector.Name(expected.Vector)}");
        if (check?.Invoke(cpu.Registers) == false) return Saying($"{what} gave a wrong result");
        cpu.Registers.Eip += skip;
        return null;
    }

    private static Func<string> Saying(string text) => () => text;

    private Func<string>? Move()
    {
        MapKernel(MovingLinear, SecondPage | Kernel);
        cpu.FlushPage(Directory, MovingLinear);
        return null;
    }

    private void MapKernel(uint linear, uint entry) => memory.Write32(KernelTable + PageTableFormat.TwoLevel.Levels[1].Index(linear) * 4, entry);
}
