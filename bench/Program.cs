using BenchmarkDotNet.Running;
using LguestPS.Bench;

// bench cpu         the emulated CPU beside qemu-i386, same code, same run
// bench boot        a Linux in lguest beside the same Linux in qemu-system-i386; the caller has the kernel
// bench work        programs of every day on a Linux in lguest and in qemu-system-i386; the caller has the kernel and its programs
// bench devices   disk and network of a Linux over virtio in lguest and in qemu-system-i386; the caller has the kernel
// bench start       from the start of lguest to the guest's first console output
// bench memory      what a guest needs beyond its RAM
// bench network     a network between guests by itself
// bench breakpoints what a breakpoint costs where it does not stop
// bench checkpoint  time and size of checkpoints and of steps back; of a Linux, if KERNEL and INITRD are given
// bench questions   questions about the boot of a Linux that was recorded; the caller has the kernel
// bench fuzz        runs a second of a fuzzer from a checkpoint of a Linux at its prompt; the caller has the kernel
// bench kvm         round trips through KVM and kicks beside a C program's, and the exits of whole guests
// bench kick        how soon a guest comes out whatever it does, for a time limit and for who cancels its run
// bench idle        what a Linux costs that has nothing to do, beside the same Linux in qemu-system-i386
// bench export      a million events in each format, and a report of them
// bench hypercalls  hypercalls and event objects per second through the engine (BenchmarkDotNet)
try
{
    return Run(args);
}
catch (Exception e) when (e is BenchException or LguestPS.LguestException)
{
    Console.Error.WriteLine($"bench: {e.Message}");
    return 1;
}

static int Run(string[] args)
{
    switch (args)
    {
        case ["cpu", ..]:
            return CpuComparison.Run(rounds: args.Length > 1 ? int.Parse(args[1]) : 3);
        case ["boot", var kernel, var bzImage, var initrd, var text, ..]:
            return BootComparison.Run(kernel, bzImage, initrd, text, rounds: args.Length > 5 ? int.Parse(args[5]) : 5, words: [.. args.Skip(6)]);
        case ["work", var kernel, var bzImage, var initrd, ..]:
            return WorkComparison.Run(kernel, bzImage, initrd, rounds: args.Length > 4 ? int.Parse(args[4]) : 3, words: [.. args.Skip(5)]);
        case ["devices", var kernel, var bzImage, var initrd, ..]:
            return DeviceComparison.Run(kernel, bzImage, initrd, rounds: args.Length > 4 ? int.Parse(args[4]) : 3, words: [.. args.Skip(5)]);
        case ["start"]:
            return StartComparison.Run();
        case ["memory"]:
            return MemoryMeasurement.Run();
        case ["network"]:
            return NetworkMeasurement.Run();
        case ["breakpoints"]:
            return BreakpointMeasurement.Run();
        case ["checkpoint"]:
            return CheckpointMeasurement.Run();
        case ["checkpoint", string kernel, string initrd]:
            return CheckpointMeasurement.Run(kernel, initrd);
        case ["questions", string kernel, string initrd]:
            return QuestionMeasurement.Run(kernel, initrd);
        case ["fuzz", string kernel, string initrd]:
            return FuzzMeasurement.Run(kernel, initrd);
        case ["kvm"]:
            return KvmComparison.Run();
        case ["kvm", string kernel, string initrd, ..]:
            return KvmComparison.Run(kernel, initrd, words: [.. args.Skip(3)]);
        case ["kick", ..]:
            return KickMeasurement.Run(rounds: args.Length > 1 ? int.Parse(args[1]) : 20);
        case ["idle", var kernel, var bzImage, var initrd, var text, ..]:
            return IdleComparison.Run(kernel, bzImage, initrd, text, seconds: args.Length > 5 ? int.Parse(args[5]) : 30, words: [.. args.Skip(6)]);
        case ["export"]:
            return ExportMeasurement.Run();
        case ["hypercalls"]:
            BenchmarkRunner.Run<HypercallBenchmarks>();
            return 0;
        default:
            Console.Error.WriteLine("usage: bench cpu [ROUNDS] | boot KERNEL BZIMAGE INITRD TEXT [ROUNDS [WORDS]] | work KERNEL BZIMAGE INITRD [ROUNDS [WORDS]] | devices KERNEL BZIMAGE INITRD [ROUNDS [WORDS]] | start | memory | checkpoint [KERNEL INITRD] | questions KERNEL INITRD | network | breakpoints | kvm [KERNEL INITRD [WORDS]] | kick [ROUNDS] | idle KERNEL BZIMAGE INITRD TEXT [SECONDS [WORDS]] | export | hypercalls");
            Console.Error.WriteLine("usage: bench cpu [ROUNDS] | boot KERNEL BZIMAGE INITRD TEXT [ROUNDS [WORDS]] | work KERNEL BZIMAGE INITRD [ROUNDS [WORDS]] | devices KERNEL BZIMAGE INITRD [ROUNDS [WORDS]] | start | memory | checkpoint [KERNEL INITRD] | fuzz KERNEL INITRD | network | breakpoints | kvm [KERNEL INITRD [WORDS]] | kick [ROUNDS] | idle KERNEL BZIMAGE INITRD TEXT [SECONDS [WORDS]] | export | hypercalls");
            return 2;
    }
}
