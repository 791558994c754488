using LguestPS.Launcher;
using LguestPS.Tests.Definitions;
using Xunit;

namespace LguestPS.Tests.Launcher;

public class CommandLineTests
{
    private static GuestDefinition Make(params string[] arguments) => CommandLine.Parse(arguments).MakeDefinition();

    private static string Refuse(params string[] arguments) => Assert.Throws<LguestException>(() => Make(arguments)).Message;

    [Fact]
    public void The_command_line_of_2007_is_a_definition()
    {
        GuestDefinition definition = Make("--block=/d/root", "--initrd=/d/initrd", "64", "/k/vmlinux", "root=/dev/lgba", "quiet");
        Assert.Equal("vmlinux", definition.Name);
        Assert.Equal("/k/vmlinux", definition.Kernel);
        Assert.Equal("/d/initrd", definition.Initrd);
        Assert.Equal(64L << 20, definition.Memory);
        Assert.Equal("root=/dev/lgba quiet", definition.CommandLine);
        Assert.Equal(AbiProfile.Automatic, definition.Abi);
    }

    [Fact] // the first disk gets irq 1 (ABI §8)
    public void Devices_come_in_the_order_given_and_the_console_last() =>
        Assert.Equal(
            [
                new BlockDefinition("/a", BlockMode.ReadWrite), new SharedNetDefinition("/n"), new BlockDefinition("/b", BlockMode.ReadWrite),
                new ConsoleDefinition(),
            ],
            Make("--block=/a", "--sharenet", "/n", "64", "/k", "--block", "/b").Devices);

    [Fact]
    public void Networks_with_the_host_stand_among_the_devices_and_share_what_is_said_about_them()
    {
        IReadOnlyList<DeviceDefinition> devices = Make("64", "/k", "--tap=tap0", "--block=/a", "--record-frames=/r", "--usernet", "--forward=8080:80", "--reach", "80=127.0.0.1:8000").Devices;
        Assert.Equal(new TapNetDefinition("tap0") { Record = "/r" }, devices[0]);
        Assert.IsType<BlockDefinition>(devices[1]);
        UserNetDefinition user = Assert.IsType<UserNetDefinition>(devices[2]);
        Assert.Equal("tcp:127.0.0.1:8080:80", $"{Assert.Single(user.Forward)}");
        Assert.Equal("tcp:80=127.0.0.1:8000", $"{Assert.Single(user.Reach)}");
        Assert.Equal("/r", user.Record);
    }

    [Fact] // what follows --usernet is not its value
    public void A_network_needs_no_value()
    {
        GuestDefinition definition = Make("--usernet", "64", "/k", "--", "-x");
        Assert.Equal((64L << 20, "-x"), (definition.Memory, definition.CommandLine));
        Assert.IsType<UserNetDefinition>(definition.Devices[0]);
    }

    [Fact]
    public void Random_numbers_need_no_value_and_come_in_the_order_given()
    {
        GuestDefinition definition = Make("--rng", "--block=/a", "64", "/k", "--", "-x");
        Assert.Equal("-x", definition.CommandLine);
        Assert.Equal([new EntropyDefinition(), new BlockDefinition("/a", BlockMode.ReadWrite), new ConsoleDefinition()], definition.Devices);
    }

    [Fact] // the original's own documentation wrote: lguest 64m vmlinux --block=rootfile root=/dev/lgba
    public void Options_may_stand_behind_the_kernel()
    {
        GuestDefinition definition = Make("64m", "/k", "--block=/rootfile", "root=/dev/lgba", "--verbose", "1");
        Assert.Equal("root=/dev/lgba 1", definition.CommandLine);
        Assert.Equal(2, definition.Devices.Count);
    }

    [Fact]
    public void Behind_two_dashes_everything_is_the_kernels() =>
        Assert.Equal("a --block=x -v @file [b]", Make("64", "/k", "a", "--", "--block=x", "-v", "@file", "[b]").CommandLine);

    [Theory]
    [InlineData("@file")]
    [InlineData("[debug]")]
    [InlineData("/?")]
    [InlineData("/h")]
    [InlineData("a b")]
    [InlineData("-")]
    public void A_kernel_argument_is_just_text(string argument) => Assert.Equal(argument, Make("64", "/k", argument).CommandLine);

    [Fact]
    public void Relative_paths_are_relative_to_the_current_folder() =>
        Assert.Equal(Path.GetFullPath("k"), Make("64", "k").Kernel);

    [Fact]
    public void Options_change_what_a_definition_says()
    {
        using DefinitionFile file = new("kernel: k\nclock: host\nlimits: { time: 1s, instructions: 5, sockets: 20 }");
        GuestDefinition definition = Make(
            "--abi=dma-2.6.23", file.Path, "--cpu", "emulated", "--clock=virtual", "--tsc=off", "--direct-traps=off", "--compile=off", "--sample-every=1000", "--limit-time=2m", "--limit-instructions=7", "--limit-sockets=9", "--limit-reboots=3", "--no-reboot");
        Assert.Equal("dma-2.6.23", definition.Abi);
        Assert.Equal((CpuChoice.Emulated, ClockKind.Virtual, TscChoice.Off, DirectTrapChoice.Off, CompileChoice.Off), (definition.Cpu, definition.Clock, definition.Tsc, definition.DirectTraps, definition.Compile));
        Assert.Equal(new GuestLimits(TimeSpan.FromMinutes(2), 7, 9, 3), definition.Limits);
        Assert.False(definition.Reboot);
        Assert.Equal(1000, definition.SampleEvery);

        Assert.Equal(new GuestLimits(TimeSpan.FromSeconds(1), 9, 20), Make(file.Path, "--limit-instructions=9").Limits);
    }

    [Fact]
    public void A_System_map_goes_with_both_forms()
    {
        using DefinitionFile file = new("kernel: k\nsymbols: old.map");
        Assert.Equal(Path.GetFullPath("System.map"), Make("--symbols=System.map", "64", "k").Symbols);
        Assert.Equal("/s/map", Make("--symbols", "/s/map", file.Path).Symbols);
        Assert.Equal(Path.Combine(Path.GetDirectoryName(file.Path)!, "old.map"), Make(file.Path).Symbols);
    }

    [Fact]
    public void One_of_several_guests_is_selected()
    {
        using DefinitionFile file = new("x-base: &base { kernel: k }\nguests: { web: *base, client: *base }");
        Assert.Equal("client", Make("--select=client", file.Path).Name);
        Assert.Equal($"'{file.Path}' defines 2 guests: web, client; choose one with --select", Refuse(file.Path));
        Assert.Equal($"--select: '{file.Path}' defines no guest 'wbe'; did you mean 'web'?", Refuse("--select", "wbe", file.Path));
        Assert.Equal("--select goes with a definition", Refuse("--select=web", "64", "k"));
    }

    [Theory]
    [InlineData("which guest? Give a definition, or MiB and KERNEL; lguest --help explains")]
    [InlineData("a kernel is missing after '64'", "64")]
    [InlineData("'x' is not a number of MiB", "x", "y")]
    [InlineData("'y' is too much: a definition takes no arguments", "x.yaml", "y")]
    [InlineData("unknown option '--blok=a'; did you mean '--block'?", "--blok=a", "64", "k")]
    [InlineData("unknown option '-x'; write -- before kernel arguments that start with a dash", "64", "k", "-x")]
    [InlineData("Required argument missing for option: '--block'", "64", "k", "--block")]
    [InlineData("--cpu: unknown value 'kwm'; did you mean 'kvm'?", "--cpu=kwm", "64", "k")]
    [InlineData("--clock: unknown value 'Host'; did you mean 'host'?", "--clock=Host", "64", "k")]
    [InlineData("--tsc: unknown value 'on'; known are auto, off", "--tsc=on", "64", "k")]
    [InlineData("--events: unknown value 'json'; did you mean 'jsonl'?", "--events=json", "64", "k")]
    [InlineData("--limit-time: '30' is not a length of time; write it like 30s, 500ms, 2m or 00:00:30", "--limit-time=30", "64", "k")]
    [InlineData("--limit-instructions: 'x' is not a whole number", "--limit-instructions=x", "64", "k")]
    [InlineData("unknown ABI profile 'dma'; known are", "--abi=dma", "64", "k")]
    [InlineData("memory of 0 bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB", "0", "k")]
    [InlineData("memory of 4294967296 bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB", "4096", "k")]
    [InlineData("'99999999999999' is not a number of MiB", "99999999999999", "k")]
    [InlineData("clock 'virtual' counts instructions, which 'cpu: kvm' cannot", "--cpu=kvm", "--clock=virtual", "64", "k")]
    [InlineData("--initrd goes with MiB and KERNEL; a definition names its own files", "--initrd=x", "x.yaml")]
    [InlineData("--tunnet is not supported; use --usernet, which needs no rights, or --tap=INTERFACE", "--tunnet=192.168.19.1", "64", "k")]
    [InlineData("--cpus: a guest has one processor, as lguest always had it", "--cpus=2", "64", "k")]
    [InlineData("--usernet goes with MiB and KERNEL", "--usernet", "x.yaml")]
    [InlineData("--rng goes with MiB and KERNEL", "--rng", "x.yaml")]
    [InlineData("--forward goes with --usernet", "--forward=1:2", "64", "k")]
    [InlineData("--record-frames goes with --usernet or --tap", "--record-frames=x", "64", "k")]
    [InlineData("--forward: '80' is not a forwarded port", "--usernet", "--forward=80", "64", "k")]
    [InlineData("--name: 'web' does not name an address; write NAME=ADDRESS, such as web=10.0.2.2", "--usernet", "--name=web", "64", "k")]
    [InlineData("--dns: unknown value 'on'; known are off, host", "--usernet", "--dns=on", "64", "k")]
    [InlineData("--dns goes with --usernet", "--dns=host", "64", "k")]
    [InlineData("--reach: '80' does not say what the guest may reach", "--usernet", "--reach=80", "64", "k")]
    [InlineData("'a/b' cannot be the name of a TAP interface", "--tap=a/b", "64", "k")]
    [InlineData("--leave: 'Alt-x' is not a chord of keys; write one key such as Ctrl-]", "--leave=Alt-x", "64", "k")]
    [InlineData("--block needs the path of a file", "--block", "", "64", "k")]
    [InlineData("guest definition '/nowhere/x.yaml' does not exist", "/nowhere/x.yaml")]
    public void A_mistake_is_named(string message, params string[] arguments) => Assert.StartsWith(message, Refuse(arguments));

    [Fact]
    public void What_is_not_asked_for_is_not_there()
    {
        CommandLine plain = CommandLine.Parse(["64", "k"]);
        Assert.Null(plain.Events);
        Assert.False(plain.Verbose);
        Assert.False(plain.Summary);
        CommandLine all = CommandLine.Parse(["-v", "--events=jsonl", "--summary", "64", "k"]);
        Assert.Equal(EventFormat.Jsonl, all.Events);
        Assert.True(all.Verbose);
        Assert.True(all.Summary);
    }
}
