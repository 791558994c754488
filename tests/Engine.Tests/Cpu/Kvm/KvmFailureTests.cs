using Iced.Intel;
using LguestPS.Boot;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;
using LguestPS.Memory;
using LguestPS.Native;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>A KVM that refuses a call, or comes back for a reason that no guest brings about: only the guest ends, says why, and leaves nothing open.</summary>
[Trait("Cpu", "kvm")]
public sealed class KvmFailureTests : IDisposable
{
    private const int NoMemory = 12, BadAddress = 14;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static readonly uint[] First =
    [
        KvmNumbers.KVM_GET_API_VERSION, KvmNumbers.KVM_CHECK_EXTENSION, KvmNumbers.KVM_GET_VCPU_MMAP_SIZE, KvmNumbers.KVM_CREATE_VM,
        KvmNumbers.KVM_SET_IDENTITY_MAP_ADDR, KvmNumbers.KVM_SET_TSS_ADDR, KvmNumbers.KVM_SET_USER_MEMORY_REGION, KvmNumbers.KVM_CREATE_VCPU,
        KvmNumbers.KVM_SET_CPUID2, KvmNumbers.KVM_SET_MSRS, KvmNumbers.KVM_SET_SIGNAL_MASK, KvmNumbers.KVM_GET_SREGS, KvmNumbers.KVM_GET_VCPU_EVENTS, KvmNumbers.KVM_SET_SREGS,
    ];

    /// <summary>Made at the start where the host can do it.</summary>
    private static readonly uint[] Optional = [KvmNumbers.KVM_ENABLE_CAP];

    private static readonly uint[] Later = [KvmNumbers.KVM_RUN, KvmNumbers.KVM_GET_XSAVE, KvmNumbers.KVM_SET_XSAVE, KvmNumbers.KVM_SET_GUEST_DEBUG];

    private static readonly string[] NoCalls = ["KVM_EXIT_", "KVM_INTERNAL_", "KVM_GUESTDBG_"];

    public static TheoryData<uint> AtTheStart => [.. First, .. Optional];

    [SkippableTheory]
    [MemberData(nameof(AtTheStart))]
    public void A_call_that_fails_at_the_start_leaves_nothing_open(uint request)
    {
        KvmHost.Require();
        for (int passes = 0; passes < 2; passes++)
        {
            TroubledLibC libc = new() { Request = request, Errno = NoMemory, Passes = passes };
            using GuestMemory memory = new(1 << 20, 0);
            ErrnoException? refused = null;
            try
            {
                using KvmCpu cpu = KvmHost.Make(memory, () => 0, libc);
            }
            catch (ErrnoException e)
            {
                refused = e;
            }
            if (passes == 0 && (libc.Failures != 0 || !Optional.Contains(request))) Assert.Equal(NoMemory, refused?.Errno);
            Assert.Equal(0, libc.Open);
        }
    }

    [Fact]
    public void These_tests_know_every_call_the_engine_makes()
    {
        IEnumerable<uint> all = typeof(KvmNumbers).GetFields()
            .Where(number => number.FieldType == typeof(uint) && !NoCalls.Any(prefix => number.Name.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(number => (uint)number.GetRawConstantValue()!);
        Assert.Equal(all.Order(), First.Concat(Optional).Concat(Later).Order());
    }

    [SkippableFact]
    public void A_KVM_of_another_version_or_without_a_capability_is_not_used()
    {
        KvmHost.Require();
        foreach (uint request in (uint[])[KvmNumbers.KVM_GET_API_VERSION, KvmNumbers.KVM_CHECK_EXTENSION])
        {
            TroubledLibC libc = new() { Request = request, Errno = 0 };
            using GuestMemory memory = new(1 << 20, 0);
            Assert.Throws<NotSupportedException>(() => KvmHost.Make(memory, () => 0, libc));
            Assert.Equal(0, libc.Open);
        }
    }

    [SkippableFact]
    public void Memory_that_cannot_be_had_leaves_nothing_open()
    {
        KvmHost.Require();
        for (int passes = 0; passes < 2; passes++)
        {
            TroubledLibC libc = new() { Call = nameof(LibC.mmap), Errno = NoMemory, Passes = passes };
            using GuestMemory memory = new(1 << 20, 0);
            Assert.Equal(NoMemory, Assert.Throws<ErrnoException>(() => KvmHost.Make(memory, () => 0, libc)).Errno);
            Assert.Equal(0, libc.Open);
        }
    }

    [SkippableFact]
    public void Debug_registers_that_cannot_be_had_are_done_without()
    {
        TroubledLibC libc = new() { Request = KvmNumbers.KVM_SET_GUEST_DEBUG, Errno = BadAddress };
        KvmHost.Require();
        using CpuMachine machine = new(make: (memory, timeStamp) => new KvmCpu(memory, timeStamp, libc, KvmHost.Assistance) { FindMeans = () => WatchMeans.PagesAndDebugRegisters });
        machine.Assemble(a => { a.inc(eax); a.inc(eax); a.hlt(); });
        uint second = CpuMachine.Code + 1;
        machine.Cpu.Watch([new WatchRange(second, 1, MemoryAccess.Execute)]);
        Assert.Equal((CpuExitKind.Watched, second), (machine.Run(Patience).Kind, machine.Registers.Eip));
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(Patience));
        Assert.Equal((1, 2u), (libc.Failures, machine.Registers.Eax));
    }

    [SkippableFact]
    public void A_run_that_fails_ends_the_guest_with_the_calls_name()
    {
        TroubledLibC libc = new() { Request = KvmNumbers.KVM_RUN, Errno = BadAddress, Passes = 2 };
        using (CpuMachine machine = Machine(libc))
        {
            machine.Cpu.SetGatePrivilege(0x80, 3);
            machine.Assemble(a => { Label again = a.CreateLabel(); a.Label(ref again); a.inc(__dword_ptr[CpuMachine.Data]); a.@int(0x80); a.jmp(again); });
            CpuExit exit;
            do exit = machine.Run(Patience);
            while (exit.Kind == CpuExitKind.Trap);
            Assert.Equal(CpuExitKind.Dead, exit.Kind);
            Assert.Contains("KVM_RUN", exit.Reason);
            CpuExit again = machine.Run(Patience);
            Assert.Equal((exit.Kind, exit.Reason), (again.Kind, again.Reason));      // it stays dead, without asking again
            Assert.Equal(1, libc.Failures);
        }
        Assert.Equal(0, libc.Open);
    }

    [SkippableTheory]
    [InlineData(KvmNumbers.KVM_GET_XSAVE, "KVM_GET_XSAVE")]
    [InlineData(KvmNumbers.KVM_SET_XSAVE, "KVM_SET_XSAVE")]
    public void Floating_point_registers_that_cannot_be_had_end_the_guest_that_steps_over_them_and_refuse_a_checkpoint(uint request, string call)
    {
        TroubledLibC libc = new() { Request = request, Errno = NoMemory };
        using CpuMachine machine = Machine(libc);
        byte[] image = new byte[512];
        LguestException refused = Assert.Throws<LguestException>(() =>
        {
            machine.Cpu.SaveFpu(image);
            machine.Cpu.LoadFpu(image);
        });
        Assert.Equal(LguestError.CheckpointRefused, refused.Error);
        Assert.Contains(call, refused.Message);

        machine.Assemble(a => a.fld1());
        CpuExit exit = machine.Run(1);
        Assert.Equal(CpuExitKind.Dead, exit.Kind);
        Assert.Contains(call, exit.Reason);
    }

    [SkippableTheory]
    [InlineData(nameof(LibC.timer_create))]
    [InlineData(nameof(LibC.timer_settime))]
    public void Without_a_timer_the_guest_ends_with_the_reason(string call)
    {
        TroubledLibC libc = new() { Call = call, Errno = Errno.EAGAIN };
        using (CpuMachine machine = Machine(libc))
        {
            CpuExit exit = machine.Run(Patience);
            Assert.Equal(CpuExitKind.Dead, exit.Kind);
            Assert.Contains(call, exit.Reason);
        }
        Assert.Equal(0, libc.Open);
    }

    [SkippableFact]
    public async Task A_thread_that_cannot_hold_the_signal_back_enters_no_guest()
    {
        TroubledLibC libc = new() { Call = nameof(LibC.pthread_sigmask), Errno = Errno.EINVAL };
        using CpuMachine machine = Machine(libc);
        CpuExit exit = await Task.Factory.StartNew(() => machine.Run(Patience), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.Equal(CpuExitKind.Dead, exit.Kind);
        Assert.Contains("pthread_sigmask", exit.Reason);
    }

    [SkippableTheory]
    [InlineData(KvmNumbers.KVM_EXIT_SHUTDOWN, 0, "the virtual processor shut down (triple fault)")]
    [InlineData(KvmNumbers.KVM_EXIT_FAIL_ENTRY, 0, "KVM_EXIT_FAIL_ENTRY, hardware reason")]
    [InlineData(KvmNumbers.KVM_EXIT_INTERNAL_ERROR, 3, "KVM_EXIT_INTERNAL_ERROR, suberror 3")]
    [InlineData(0, 0, "exit 0")]        // KVM_EXIT_UNKNOWN
    [InlineData(2, 0, "exit 2")]        // KVM_EXIT_IO
    [InlineData(6, 0, "exit 6")]        // KVM_EXIT_MMIO
    [InlineData(uint.MaxValue, 0, "exit 4294967295")]
    public void An_exit_that_no_guest_brings_about_ends_the_guest_and_nothing_else(uint reason, uint suberror, string words)
    {
        KvmHost.Require();
        ExitingLibC libc = new(reason, suberror);
        byte[] touchesPages = [0xFF, 0x05, 0x00, 0x30, 0x00, 0xC0, 0xEB, 0xF8];      // inc dword [0xC0003000]; jmp to it
        string kernel = folder.Write("touch.elf", KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, [.. KernelFiles.Signature, .. touchesPages])));
        using Guest guest = GuestBuilder.Build(new GuestDefinition { Name = "touch", Kernel = kernel, Memory = 2 << 20 }, KvmHost.Maker(libc));
        List<LguestEvent> events = [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })];
        Assert.IsType<GuestEndedEvent>(Assert.Single(events));
        Assert.Contains(words, guest.StateReason);
        Assert.Equal(ExitingLibC.Passes + 1, libc.Runs);
    }

    private static CpuMachine Machine(LibC libc)
    {
        KvmHost.Require();
        return new CpuMachine(make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp, libc));
    }
}
