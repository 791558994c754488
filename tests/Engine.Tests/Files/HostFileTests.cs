using Xunit;

namespace LguestPS.Tests.Files;

/// <summary>Whatever is named as a file: only a file is one, which is said at once; and what holds a guest is its owner's alone.</summary>
public sealed class HostFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Uses => new(Actions.Keys);

    private static readonly Dictionary<string, Action<HostFileTests, string>> Actions = new()
    {
        ["kernel"] = (_, path) => Guest.Create(Ring with { Kernel = path }).Dispose(),
        ["initrd"] = (_, path) => Guest.Create(Ring with { Initrd = path }).Dispose(),
        ["symbols"] = (_, path) => Guest.Create(Ring with { Symbols = path }).Dispose(),
        ["a disk"] = (_, path) => With(new BlockDefinition(path)),
        ["a written disk"] = (_, path) => With(new BlockDefinition(path, BlockMode.ReadWrite)),
        ["an overlay"] = (tests, path) => With(new BlockDefinition(tests.Disk, BlockMode.Snapshot, path)),
        ["a shared network"] = (_, path) => With(new SharedNetDefinition(path)),
        ["recorded frames"] = (_, path) => With(new UserNetDefinition { Record = path }),
        ["replayed frames"] = (_, path) => With(new UserNetDefinition { Replay = path }),
        ["a checkpoint"] = (_, path) => Checkpoint.Load(path),
        ["a recording"] = (_, path) => RecordedRun.Load(path),
        ["a checkpoint to write"] = (_, path) =>
        {
            using Guest guest = Guest.Create(Ring);
            guest.TakeCheckpoint().Save(path);
        },
    };

    [SkippableTheory]
    [MemberData(nameof(Uses))]
    public void What_is_no_file_is_refused_without_waiting_for_it(string use)
    {
        string pipe = folder.Path("pipe");
        Shell.Run($"mkfifo '{pipe}'");
        foreach (string path in (string[])[pipe, "/dev/zero", "/dev/full", folder.Path("."), "", "a\0b", "/" + new string('x', 5000), folder.Path(new string('x', 300)), "/dev/null/x"])
        {
            LguestException refused = Assert.Throws<LguestException>(() => Actions[use](this, path));
            Assert.Contains(refused.Error, (LguestError[])[LguestError.FileUnavailable, LguestError.InvalidDefinition, LguestError.InvalidImage]);
        }
        Assert.True(File.Exists(pipe));
    }

    [Theory]
    [MemberData(nameof(Uses))]
    public void What_is_not_there_is_said_in_our_words_without_a_name_nobody_gave(string use)
    {
        string path = folder.Path("nowhere/file");
        LguestException refused = Assert.Throws<LguestException>(() => Actions[use](this, path));
        Assert.Matches($"{path}'.*(does not exist|there is no folder '{folder.Path("nowhere")}')$", refused.Message);
        Assert.DoesNotContain(".tmp", refused.Message);
    }

    [SkippableFact]
    public void Files_that_hold_a_guest_or_its_traffic_are_their_owners_alone()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such modes");
        string checkpoint = folder.Path("checkpoint"), recording = folder.Path("recording"), frames = folder.Path("frames"), lan = folder.Path("lan"), overlay = folder.Path("overlay");
        foreach (string replaced in (string[])["checkpoint", "recording", "frames"]) Shell.Run($"chmod 644 '{folder.Write(replaced, [1])}'");       // a mode is not passed on
        using (Guest guest = Guest.Create(Ring with { Devices = [new ConsoleDefinition(), new UserNetDefinition { Record = frames }] }))
        {
            guest.TakeCheckpoint().Save(checkpoint);
            guest.Record(keepEvents: true);
            guest.SaveRecording(recording);
        }
        With(new SharedNetDefinition(lan));
        With(new BlockDefinition(Disk, BlockMode.Snapshot, overlay));
        foreach (string path in (string[])[checkpoint, recording, frames, lan, overlay])
            Assert.Equal((path, UnixFileMode.UserRead | UnixFileMode.UserWrite), (path, OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path)));
    }

    [SkippableFact]
    public void A_file_that_is_opened_again_keeps_the_mode_its_owner_gave_it()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such modes");
        string lan = folder.Path("lan"), overlay = folder.Path("overlay");
        for (int round = 0; round < 2; round++)
        {
            With(new SharedNetDefinition(lan));
            With(new BlockDefinition(Disk, BlockMode.Snapshot, overlay));
            if (round == 0) Shell.Run($"chmod 660 '{lan}' '{overlay}'");
        }
        Assert.Equal("660 660", Shell.Run($"stat -c %a '{lan}' '{overlay}'").ReplaceLineEndings(" ").Trim());
    }

    [SkippableFact]
    public void A_symbolic_link_to_a_file_is_one()
    {
        Shell.Run($"ln -s '{Ring.Kernel}' '{folder.Path("link")}'");
        using Guest guest = Guest.Create(Ring with { Kernel = folder.Path("link") });
        Assert.Equal(GuestState.Created, guest.State);
    }

    private static GuestDefinition Ring => GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual);

    private string Disk => File.Exists(folder.Path("disk.img")) ? folder.Path("disk.img") : folder.Write("disk.img", new byte[4096]);

    private static void With(DeviceDefinition device) => Guest.Create(Ring with { Devices = [new ConsoleDefinition(), device] }).Dispose();
}
