using LguestPS.Tests.Breakpoints;
using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>KVM comes out for the same addresses, in the same places.</summary>
[Trait("Cpu", "kvm")]
public sealed class KvmWatchTests : WatchTests
{
    private protected override CpuMachine Machine()
    {
        KvmHost.Require();
        return new CpuMachine(make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp));
    }
}
