using CsCheck;
using LguestPS.Networks;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>The file behind a shared network: who may join, and that nothing another process writes into it hurts anybody.</summary>
public class SharedNetFileTests
{
    private const int Size = 0x5000 + 16 * 16 * SharedNetFile.QueueSize;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Something another process may do to the file.</summary>
    private sealed record Damage(long Offset, byte[] Bytes);

    /// <summary>Bytes where they matter: counters, cards, doorbells, and the queues between slots 0 and 1.</summary>
    private static readonly Gen<Damage> AnyDamage = Gen.Select(
        Gen.OneOf(
            Gen.Long[0x1000, 0x5000],
            Gen.Long[0x4000, 0x4044], Gen.Long[0x4800, 0x4844],
            Gen.Long[0x5000 + SharedNetFile.QueueSize, 0x5000 + SharedNetFile.QueueSize + 64],
            Gen.Long[0x5000 + 16 * SharedNetFile.QueueSize, 0x5000 + 16 * SharedNetFile.QueueSize + 64]),
        Gen.OneOf(Gen.Byte.Array[1, 64], Gen.Byte.Array[4], Gen.Const(new byte[4]), Gen.Const(new byte[] { 255, 255, 255, 255 })),
        (offset, bytes) => new Damage(offset, bytes));

    [SkippableFact]
    public void Sixteen_can_join_and_who_leaves_makes_room()
    {
        using TempFolder folder = OnLinux();
        List<SharedNetwork> joined = [.. Enumerable.Range(0, 16).Select(_ => SharedNetwork.Join(folder.Path("lan0")))];
        Assert.Equal(Enumerable.Range(0, 16), joined.Select(network => network.Slot));
        LguestException full = Assert.Throws<LguestException>(() => SharedNetwork.Join(folder.Path("lan0")));
        Assert.Equal((LguestError.NotSupported, $"network '{folder.Path("lan0")}': all 16 slots are taken"), (full.Error, full.Message));

        joined[5].Dispose();
        joined[5] = SharedNetwork.Join(folder.Path("lan0"));
        Assert.Equal(5, joined[5].Slot);
        foreach (SharedNetwork network in joined) network.Dispose();
    }

    [SkippableTheory]
    [InlineData("not a network")]
    [InlineData("a text that is longer than the header of a network would be, and not one either")]
    public void A_foreign_file_is_left_alone(string text)
    {
        using TempFolder folder = OnLinux();
        string file = folder.Write("lan0", System.Text.Encoding.UTF8.GetBytes(text));
        LguestException refused = Assert.Throws<LguestException>(() => SharedNetwork.Join(file));
        Assert.Equal((LguestError.InvalidImage, $"network '{file}': the file is not a network of LguestPS; remove it or name another"), (refused.Error, refused.Message));
        Assert.Equal(file, refused.Path);
        Assert.Equal(text, File.ReadAllText(file));
    }

    [SkippableFact]
    public void The_page_of_the_original_launcher_is_a_foreign_file()
    {
        using TempFolder folder = OnLinux();
        string file = folder.Write("lan0", new byte[4096]);
        Assert.Contains("not a network of LguestPS", Assert.Throws<LguestException>(() => SharedNetwork.Join(file)).Message);
        Assert.Equal(4096, new FileInfo(file).Length);
    }

    [SkippableTheory]
    [InlineData(16, "the network was made by another version of LguestPS (format 77, not 1); remove it or name another")]
    [InlineData(20, "the network was made by another version of LguestPS (format 1, not 1); remove it or name another")]
    public void Another_version_is_refused(int offset, string problem)
    {
        using TempFolder folder = OnLinux();
        string file = Made(folder);
        Write(file, offset, [77, 0, 0, 0]);
        Assert.Equal($"network '{file}': {problem}", Assert.Throws<LguestException>(() => SharedNetwork.Join(file)).Message);
    }

    [SkippableFact]
    public void A_file_cut_short_is_refused()
    {
        using TempFolder folder = OnLinux();
        string file = Made(folder);
        using (SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) RandomAccess.SetLength(handle, Size / 2);
        Assert.Equal(
            $"network '{file}': the network is damaged: its file has {Size / 2} bytes, not {Size}; remove it",
            Assert.Throws<LguestException>(() => SharedNetwork.Join(file)).Message);
    }

    [SkippableFact]
    public void A_file_whose_maker_was_killed_before_its_header_is_made_anew()
    {
        using TempFolder folder = OnLinux();
        string file = Made(folder);
        Write(file, 0, new byte[32]);
        using SharedNetwork network = SharedNetwork.Join(file);
        Assert.Equal(0, network.Slot);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("no/such/folder")]
    public void A_path_that_is_no_file_is_refused(string name)
    {
        using TempFolder folder = OnLinux();
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => SharedNetwork.Join(Path.Combine(folder.Path(""), name))).Error);
    }

    [SkippableFact]
    public void Frames_arrive_whole_and_in_order_also_round_the_end_of_the_queue()
    {
        using TempFolder folder = OnLinux();
        using SharedNetwork sender = SharedNetwork.Join(folder.Path("lan0")), receiver = SharedNetwork.Join(folder.Path("lan0"));
        receiver.ShowKeys([4]);
        Await(() => sender.Look() && sender.IsBound(4));

        Gen.Int[1, SharedNetwork.LongestFrame].Array[1, 40].Sample(lengths =>
        {
            foreach (int length in lengths)
            {
                byte[] frame = new byte[length];
                Random.Shared.NextBytes(frame);
                sender.Look();
                if (!sender.Send(4, frame)) return false;
                Await(() => receiver.Look() | receiver.Next() is not null && receiver.Next() is not null);
                if (receiver.Next() is not { Sender: 0, Key: 4 } next || next.Length != length || !receiver.Take().SequenceEqual(frame)) return false;
            }
            return true;
        }, iter: 30, threads: 1);
    }

    [SkippableFact]
    public void Whatever_is_written_into_the_file_every_frame_is_in_bounds_and_nobody_fails()
    {
        using TempFolder folder = OnLinux();
        byte[] frame = new byte[1514];
        int networks = 0;
        AnyDamage.Array[1, 20].Sample(damages =>
        {
            // Damage to what all rely on is for good, so each case has a network of its own.
            string file = folder.Path($"lan{networks++}");
            using SharedNetwork sender = SharedNetwork.Join(file), receiver = SharedNetwork.Join(file);
            using SafeFileHandle hostile = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            receiver.ShowKeys([4]);
            Await(() => sender.Look() && sender.IsBound(4));
            if (!sender.Send(4, frame)) return false;
            Await(() => receiver.Look() | receiver.Next() is not null && receiver.Next() is not null);
            foreach (Damage damage in damages)
            {
                RandomAccess.Write(hostile, damage.Bytes, damage.Offset);
                sender.Look();
                sender.Send(4, frame);
                receiver.Look();
                int waiting = 0;
                while (receiver.Next() is { } next)
                {
                    if (next.Length is < 1 or > SharedNetwork.LongestFrame || next.Key > 4092 || ++waiting > SharedNetFile.QueueSize) return false;
                    if (receiver.Take().Length != next.Length) return false;
                }
            }
            return receiver.IsConnected;
        }, iter: 500, threads: 1);
    }

    private static TempFolder OnLinux()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "networks between guests need Linux");
        return new TempFolder();
    }

    private static string Made(TempFolder folder)
    {
        SharedNetwork.Join(folder.Path("lan0")).Dispose();
        return folder.Path("lan0");
    }

    private static void Write(string file, long offset, byte[] bytes)
    {
        using SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(handle, bytes, offset);
    }

    private static void Await(Func<bool> come) => Assert.True(SpinWait.SpinUntil(come, Patience), "it did not come");
}
