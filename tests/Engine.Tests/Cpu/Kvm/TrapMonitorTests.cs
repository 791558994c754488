using Iced.Intel;
using LguestPS.Boot;
using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>What the monitor hands to the guest is what the engine would have: registers, stack, lguest_data.</summary>
[Trait("Cpu", "kvm")]
public sealed class TrapMonitorTests : IDisposable
{
    private const uint Directory = 0x100000, LowTable = 0x101000, Data = 0x102F40, Program = 0x104000, Handler = 0x105000, Middle = 0x106000, LastFrame = 0x180000;

    // Linear addresses of the guest's programs and of its kernel stack; 4 MiB and above have no page table.
    private const uint ProgramAt = 0x1000, HandlerAt = 0x2000, StackAt = 0x3000, StackEnd = 0x5000, UserStackAt = 0x6000, ProbedAt = 0x7000, NoTableAt = 0x00500000;

    private const uint Everybody = PageFlags.Present | PageFlags.Writable | PageFlags.User;
    private const uint KernelOnly = PageFlags.Present | PageFlags.Writable;
    private const uint InterruptGate = 0xEE00, TrapGate = 0xEF00;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [SkippableTheory]
    [MemberData(nameof(Seeds))]
    public void A_trap_reaches_its_handler_as_from_the_engine(int seed)
    {
        using Guest direct = Create(DirectTrapChoice.Auto);
        using Guest plain = Create(DirectTrapChoice.Off);
        Random random = new(seed);
        int expected = 0;
        for (int i = 0; i < 25; i++)
        {
            TrapCase trap = TrapCase.Draw(random);
            trap.Prepare(direct);
            trap.Prepare(plain);
            long before = direct.DirectTrapCount;
            long events = direct.EventCount;
            ToHandler(direct);
            ToHandler(plain);

            Assert.Equal((trap, plain.Registers), (trap, direct.Registers));
            Assert.Equal(HandlerAt + 2, direct.Registers.Eip);
            Assert.True(plain.Memory.Read(0, plain.Memory.Size).SequenceEqual(direct.Memory.Read(0, direct.Memory.Size)), $"{trap}: memory differs");
            Assert.Equal(1, direct.DirectTrapCount - before + direct.EventCount - events);
            if (trap.StackIsReady && (SoftwareInterruptsAreDirect || trap.IsPageFault)) expected++;
        }
        // A signal at the wrong moment makes an exit of a trap that the monitor could have delivered.
        Assert.InRange(direct.DirectTrapCount, expected / 2, 25);
        Assert.Equal(0, plain.DirectTrapCount);
    }

    [SkippableFact]
    public void A_trap_that_somebody_wants_to_see_is_an_event()
    {
        using Guest guest = Create(DirectTrapChoice.Auto);
        TrapCase trap = TrapCase.SystemCall;
        trap.Prepare(guest);
        TrapEvent seen = Assert.IsType<TrapEvent>(Assert.Single(guest.Step(new StepOptions { Driver = "the test" })));
        Assert.Equal((Vector.SystemCall, TrapOutcome.Reflected), (seen.Vector, seen.Outcome));

        trap.Prepare(guest);
        guest.AddBreakpoint(new TrapTarget(Vector.SystemCall));
        guest.Run(Unwatched).ToArray();
        Assert.Equal(Standstill.Breakpoint, guest.Standstill);
        Assert.Equal(0, guest.DirectTrapCount);
    }

    [SkippableFact]
    public void The_summary_counts_what_made_no_event()
    {
        using Guest guest = Create(DirectTrapChoice.Auto);
        for (int i = 0; i < 3; i++)
        {
            TrapCase.PageFault.Prepare(guest);
            ToHandler(guest);
        }
        TrapCase.PageFault.Prepare(guest);
        guest.Run(Unwatched with { CollectSummary = true }).ToArray();
        SummaryRow row = Assert.Single(guest.Summary!.Rows, row => row.IsDirect);
        Assert.Equal(("#PF", 1), (row.Name, row.Count));
        Assert.Equal(4, guest.DirectTrapCount);
        Assert.Contains("Trap, direct    #PF ", guest.Summary.Text);
    }

    [SkippableTheory]
    [InlineData(0xFFC00004)]
    [InlineData(0x00000010)]
    [InlineData(0x00400008)]
    public void A_kernel_stack_that_is_not_there_ends_the_guest(uint top)
    {
        using Guest guest = Create(DirectTrapChoice.Auto);
        TrapCase.SystemCall.Prepare(guest);
        guest.Machine.Stack = guest.Machine.Stack with { Esp = top };
        guest.Run(Unwatched).ToArray();
        Assert.StartsWith("bad stack page 0x", guest.StateReason);
    }

    [SkippableFact]
    public void A_switcher_page_ends_the_guest_as_without_the_monitor()
    {
        using Guest guest = Create(DirectTrapChoice.Auto);
        TrapCase.SystemCall.Prepare(guest);
        guest.Memory.Write32(Directory + (GuestMemory.SwitcherBase >> 22) * 4, LowTable | Everybody);
        guest.Memory.Write(Program, CpuMachine.Encode(ProgramAt, a => a.mov(eax, __dword_ptr[GuestMemory.SwitcherBase])));
        guest.Run(Unwatched).ToArray();
        Assert.Equal("attempt to access switcher pages: 0xffc00000", guest.StateReason);
    }

    [SkippableFact]
    public void Signals_at_any_moment_neither_lose_a_trap_nor_bring_one_twice()
    {
        using Guest guest = Create(DirectTrapChoice.Auto);
        TrapCase.SystemCall.Prepare(guest);
        int rounds = KvmHost.Verdict.State == KvmState.Ready ? 20_000 : 2_000;

        // The program counts in ebx, its kernel in esi; each round has a system call and a page fault, whose handler skips 2 bytes.
        guest.Memory.Write(Program, CpuMachine.Encode(ProgramAt, a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.inc(ebx);
            a.@int(Vector.SystemCall);
            a.mov(__dword_ptr[ecx], eax);
            a.cmp(ebx, rounds);
            a.jne(again);
            a.xor(edx, edx);
            a.@int(Vector.SystemCall);
        }));
        const uint faultHandler = HandlerAt + 0x100;
        guest.Memory.Write(Handler, CpuMachine.Encode(HandlerAt, a =>
        {
            Label last = a.CreateLabel();
            a.test(edx, edx);
            a.jz(last);
            a.inc(esi);
            a.iretd();
            a.Label(ref last);
            a.@int(Vector.Hypercall);
        }));
        guest.Memory.Write(Handler + 0x100, CpuMachine.Encode(faultHandler, a =>
        {
            a.inc(edi);
            a.add(__dword_ptr[esp + 4], 2);
            a.add(esp, 4);
            a.iretd();
        }));
        Load(guest, Vector.PageFault, faultHandler, InterruptGate);
        GuestRegisters start = guest.Cpu.Registers;
        start.Ecx = NoTableAt;
        start.Edx = 1;
        start.Ebx = start.Esi = start.Edi = 0;
        guest.Cpu.Registers = start;
        guest.Memory.Write32(LowTable + (StackEnd - 1 >> 12) * 4, guest.Memory.Read32(LowTable + (StackEnd - 1 >> 12) * 4) | PageFlags.Accessed | PageFlags.Dirty);

        using CancellationTokenSource over = new();
        Thread kicker = new(() =>
        {
            Random random = new(1);
            while (!over.IsCancellationRequested)
            {
                guest.Cpu.Kick();
                for (int spin = random.Next(1000); spin >= 0; spin--) Thread.SpinWait(20);
            }
        });
        kicker.Start();
        try
        {
            ToHandler(guest);
        }
        finally
        {
            over.Cancel();
            kicker.Join();
        }
        Assert.Equal(((uint)rounds, (uint)rounds, (uint)rounds), (guest.Registers.Ebx, guest.Registers.Esi, guest.Registers.Edi));
        Assert.Equal(2 * rounds + 1, guest.DirectTrapCount + guest.EventCount);
        Assert.True(guest.DirectTrapCount > rounds / 2, $"only {guest.DirectTrapCount} were delivered by the monitor");
    }

    /// <summary>A KVM that emulates gives up on <c>int n</c>, which is then the engine's.</summary>
    private static bool SoftwareInterruptsAreDirect => KvmHost.Verdict.State == KvmState.Ready;

    private static RunOptions Unwatched => new() { Driver = "the test", Filter = EventFilter.Nothing, TimeLimit = Patience };

    [SkippableTheory]
    [InlineData("paging")]
    [InlineData("tasks")]
    [InlineData("traps")]
    [InlineData("usermode")]
    [InlineData("minikernel")]
    [InlineData("minikernel-cooperative")]
    public void A_guest_whose_traps_nobody_looks_at_prints_and_ends_as_it_should(string name)
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == name);
        using Guest guest = KvmHost.Create(run, ClockKind.Host);
        if (run.Input is { } input) guest.SendConsole(input);
        guest.Run(Unwatched).ToArray();
        Assert.Equal(string.Join('\n', run.Console), guest.ConsoleText.TrimEnd('\n'));
        if (run.Ending is { } ending) Assert.Equal(ending, guest.StateReason);
        if (name.StartsWith("minikernel", StringComparison.Ordinal)) Assert.True(guest.DirectTrapCount > 0);
    }

    private static void ToHandler(Guest guest)
    {
        guest.Step(new StepOptions { Driver = "the test", Filter = EventFilter.Nothing, TimeLimit = Patience }).ToArray();
        Assert.Equal("before hypercall FLUSH_ASYNC", guest.StateReason);
    }

    private Guest Create(DirectTrapChoice choice)
    {
        KvmHost.Require();
        string kernel = folder.Path("kernel.elf");
        if (!File.Exists(kernel)) folder.Write("kernel.elf", KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, KernelFiles.Signature)));
        Guest guest = GuestBuilder.Build(new GuestDefinition { Name = "traps", Kernel = kernel, Memory = 2 << 20, DirectTraps = choice }, KvmHost.Maker());
        const ulong userRing = 2UL << 45;       // with the kernel's 1 it makes 3
        ulong[] descriptors = guest.Machine.Descriptors.Descriptors.ToArray();
        descriptors[DescriptorTable.KernelCodeEntry + 2] = descriptors[DescriptorTable.KernelCodeEntry] | userRing;
        descriptors[DescriptorTable.KernelDataEntry + 2] = descriptors[DescriptorTable.KernelDataEntry] | userRing;
        guest.Cpu.LoadDescriptors(descriptors);
        guest.Data.Initialise(Data);
        return guest;
    }

    private static void Load(Guest guest, byte vector, uint handler, uint gate) =>
        guest.Machine.Gates.Load(vector, (uint)DescriptorTable.KernelCodeSelector << 16 | handler & 0xFFFF, handler & 0xFFFF0000 | gate);

    /// <summary>A guest just before a trap.</summary>
    private sealed record TrapCase(bool FromUser, byte[] Instruction, uint Rights, uint Address, uint Esp, uint KernelEsp, uint Flags, uint IrqEnabled, uint Gate, bool StackIsReady, int Registers, bool Pae = false)
    {
        public static TrapCase SystemCall { get; } = new(
            FromUser: true, [0xCD, Vector.SystemCall], 0, ProbedAt, UserStackAt + 0x800, StackEnd, Eflags.AlwaysOne, Eflags.Interrupt, TrapGate, StackIsReady: true, 1);

        public static TrapCase Draw(Random random)
        {
            byte[][] instructions = [[0xCD, Vector.SystemCall], [0x8B, 0x01], [0x89, 0x01], [0xFF, 0x01]];     // int 0x80; mov eax, [ecx]; mov [ecx], eax; inc dword [ecx]
            bool fromUser = random.Next(3) != 0;
            byte[] instruction = instructions[random.Next(instructions.Length)];
            bool writes = instruction[0] is 0x89 or 0xFF;
            uint[] forbidding = fromUser ? [0, KernelOnly, .. writes ? [PageFlags.Present | PageFlags.User] : (uint[])[]] : [0, .. writes ? [PageFlags.Present] : (uint[])[]];
            uint top = random.Next(3) == 0 ? StackAt + 0x1000 + (uint)random.Next(16) : StackAt + 0x40 + (uint)random.Next(0x1FC0);
            const uint drawn = Eflags.Carry | Eflags.Zero | Eflags.Sign | Eflags.Overflow | Eflags.Direction | Eflags.Parity | Eflags.Adjust | Eflags.AlignmentCheck | Eflags.Identification;
            return new TrapCase(
                fromUser, instruction, forbidding[random.Next(forbidding.Length)], random.Next(4) == 0 ? NoTableAt + (uint)random.Next(4096) : ProbedAt + (uint)random.Next(4092),
                fromUser ? UserStackAt + (uint)random.Next(4096) : top, top, (uint)random.Next() & drawn | Eflags.AlwaysOne,
                (uint)random.Next() & ~Eflags.Interrupt | (random.Next(2) == 0 ? 0 : Eflags.Interrupt), random.Next(2) == 0 ? TrapGate : InterruptGate, random.Next(4) != 0, random.Next(), Pae: random.Next(2) == 0);
        }

        public static TrapCase PageFault { get; } = SystemCall with { Instruction = [0x8B, 0x01] };

        public bool IsPageFault => Instruction[0] != 0xCD;

        public void Prepare(Guest guest)
        {
            GuestMemory memory = guest.Memory;
            guest.Machine.Pending.Call = null;
            memory.Write(Directory, 4096).Clear();
            memory.Write(LowTable, 4096).Clear();
            memory.Write(StackAt + LastFrame, StackEnd - StackAt).Clear();
            memory.Write(Middle, 4096).Clear();
            memory.Write32(Directory, Pae ? Middle | PageFlags.Present : LowTable | Everybody);
            memory.Write32(Middle, LowTable | Everybody);
            Map(memory, ProgramAt, Program | Everybody);
            Map(memory, HandlerAt, Handler | KernelOnly);
            for (uint page = StackAt; page < StackEnd; page += GuestMemory.PageSize)
                Map(memory, page, LastFrame + page | KernelOnly | (StackIsReady ? PageFlags.Accessed | PageFlags.Dirty : 0));
            Map(memory, UserStackAt, LastFrame + UserStackAt | Everybody);
            Map(memory, ProbedAt, LastFrame + ProbedAt | Rights);
            memory.Write(Program, Instruction);
            memory.Write(Handler, [0xCD, Vector.Hypercall]);
            Load(guest, Vector.SystemCall, HandlerAt, Gate);
            Load(guest, Vector.PageFault, HandlerAt, Gate);
            guest.Data.IrqEnabled = IrqEnabled;
            guest.Data.Cr2 = 0;
            guest.Machine.Stack = new KernelStack(DescriptorTable.KernelDataSelector, KernelEsp, 1);
            guest.Machine.SetPageTableFormat(Pae ? PageTableFormat.Pae : PageTableFormat.TwoLevel);
            guest.Machine.SetPageDirectory(Directory);
            guest.Cpu.FlushAll();

            ushort ring = (ushort)(FromUser ? 2 * 8 + 2 : 0);
            Random random = new(Registers);
            guest.Cpu.Registers = new GuestRegisters
            {
                Ebx = (uint)random.Next(), Ecx = Address, Edx = (uint)random.Next(), Esi = (uint)random.Next(), Edi = (uint)random.Next(), Ebp = (uint)random.Next(),
                Eip = ProgramAt, Esp = Esp, Eflags = Flags | Eflags.Interrupt,
                Cs = (ushort)(DescriptorTable.KernelCodeSelector + ring), Ss = (ushort)(DescriptorTable.KernelDataSelector + ring),
                Ds = (ushort)(DescriptorTable.KernelDataSelector + 2 * 8 + 2), Es = (ushort)(DescriptorTable.KernelDataSelector + 2 * 8 + 2),
            };
            Warm(guest);
        }

        /// <summary>Has the stack in the shadow tables, which the monitor needs: a handler that has run before would have put it there.</summary>
        private void Warm(Guest guest)
        {
            if (!StackIsReady) return;
            GuestRegisters own = guest.Cpu.Registers;
            guest.Cpu.Registers = own with
            {
                Eip = HandlerAt, Esp = StackAt + 0x1002, Eflags = Eflags.AlwaysOne | Eflags.Interrupt, Cs = DescriptorTable.KernelCodeSelector, Ss = DescriptorTable.KernelDataSelector,
            };
            guest.Memory.Write(Handler, [0x50, 0xCD, Vector.Hypercall]);     // push eax, across both pages
            ToHandler(guest);
            guest.Machine.Pending.Call = null;
            guest.Memory.Write(Handler, [0xCD, Vector.Hypercall]);
            guest.Cpu.Registers = own;
        }

        private void Map(GuestMemory memory, uint linear, uint entry) => memory.Write32(LowTable + (linear >> 12) * (Pae ? 8u : 4u), entry);
    }
}
