using System.Net.Sockets;
using Xunit;

namespace LguestPS.Tests.Definitions;

/// <summary>Definitions that scripts make: nothing keeps them from null, or from numbers that are none of an enumeration's.</summary>
public class GuestDefinitionTests
{
    private static readonly Dictionary<string, (Func<GuestDefinition, GuestDefinition> Spoil, string Problem)> Spoilt = new()
    {
        ["no name"] = (good => good with { Name = null! }, "a definition needs 'Name', and this has null"),
        ["no kernel"] = (good => good with { Kernel = null! }, "a definition needs 'Kernel', and this has null"),
        ["no command line"] = (good => good with { CommandLine = null! }, "a definition needs 'CommandLine', and this has null"),
        ["no profile"] = (good => good with { Abi = null! }, "a definition needs 'Abi', and this has null"),
        ["no devices"] = (good => good with { Devices = null! }, "a definition needs 'Devices', and this has null"),
        ["no limits"] = (good => good with { Limits = null! }, "a definition needs 'Limits', and this has null"),
        ["no device"] = (good => good with { Devices = [new ConsoleDefinition(), null!] }, "one of the devices is null"),
        ["no CPU"] = (good => good with { Cpu = (CpuChoice)99 }, "99 is no CpuChoice; give Auto, "),
        ["no clock"] = (good => good with { Clock = (ClockKind)99 }, "99 is no ClockKind; give "),
        ["no choice of a time stamp counter"] = (good => good with { Tsc = (TscChoice)(-1) }, "-1 is no TscChoice; give "),
        ["no choice of direct traps"] = (good => good with { DirectTraps = (DirectTrapChoice)9 }, "9 is no DirectTrapChoice; give "),
        ["no choice of compiling"] = (good => good with { Compile = (CompileChoice)9 }, "9 is no CompileChoice; give "),
        ["no mode"] = (good => good with { Devices = [new BlockDefinition("/disk", (BlockMode)99)] }, "99 is no BlockMode; give "),
        ["no disk"] = (good => good with { Devices = [new BlockDefinition(null!)] }, "it has no name"),
        ["no shared network"] = (good => good with { Devices = [new SharedNetDefinition(null!)] }, "it has no name"),
        ["no interface"] = (good => good with { Devices = [new TapNetDefinition(null!)] }, "cannot be the name of a TAP interface"),
        ["no forward"] = (good => good with { Devices = [new UserNetDefinition { Forward = [null!] }] }, "a rule of 'forward' or 'reach' is null"),
        ["no host"] = (good => good with { Devices = [new UserNetDefinition { Reach = [new PortReach(Transport.Tcp, null, 80, null!)] }] }, "a rule of 'forward' or 'reach' is null, or its host is"),
        ["datagrams to a stream"] = (
            good => good with { Devices = [new UserNetDefinition { Reach = [new PortReach(Transport.Udp, null, 53, new UnixDomainSocketEndPoint("/run/x"))] }] },
            "a Unix socket here takes no UDP"),
    };

    public static TheoryData<string> Cases => new(Spoilt.Keys);

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_no_file_could_say_is_an_error_of_ours(string what)
    {
        GuestDefinition good = GuestRun.All.Single(run => run.Name == "example-hello").Definition(ClockKind.Virtual);
        LguestException refused = Assert.Throws<LguestException>(() => Guest.Create(Spoilt[what].Spoil(good)).Dispose());
        Assert.Contains(Spoilt[what].Problem, refused.Message);
    }

    [Fact]
    public void Networks_without_rules_have_none() =>
        Assert.Equal((0, 0), (new UserNetDefinition { Forward = null! }.Forward.Count, new UserNetDefinition { Reach = null! }.Reach.Count));
}
