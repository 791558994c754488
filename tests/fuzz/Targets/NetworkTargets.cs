using LguestPS.Networks;
using LguestPS.Networks.User;
using LguestPS.State;
using LguestPS.Tests.Networks;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Tests.Fuzz;

/// <summary>Frames that a guest sends to the network in user mode.</summary>
internal sealed class UserNetworkTarget : FuzzTarget
{
    private const int LongestFrame = NetworkPort.LongestFrame + 100;

    public override string Name => "user-network";

    public override string Promise => "whatever frames a guest sends, nothing fails, what comes back is frames, and connections stay below their limits";

    public override int CasesInSuite => 400;

    public override string? Try(TapeRandom random)
    {
        using TestWire wire = new(streams: true);
        if (random.Chance(70)) wire.Introduced();
        for (int left = 1 + random.Next(60); left > 0; left--)
        {
            Parts++;
            wire.Network.Advance(wire.Now);
            wire.Network.TrySend(Frame(random));
            foreach (FakeStream stream in wire.Streams.TakeLast(3))
            {
                if (stream.IsConnecting && random.Chance(60)) stream.Accept();
                if (stream.IsReading && random.Chance(40)) stream.Send(new byte[random.Next(HostStream.LongestRead + 1)]);
                if (random.Chance(30)) stream.TryReceive();
            }
            if (random.Chance(5)) wire.ConnectGuest((ushort)random.Next(1, 100));
            foreach (byte[] answer in wire.Wait(TimeSpan.FromMilliseconds(random.Chance(5) ? random.Next(100_000) : random.Next(50))))
                if (answer.Length is < NetworkPort.ShortestFrame or > NetworkPort.LongestFrame) return $"a frame of {answer.Length} bytes came back";
            if (wire.Network.Connections > TcpRelay.MostConnections || wire.Network.UdpFlows > UdpRelay.MostFlows) return "there are more connections than may be";
        }
        return Resumed(random, wire);
    }

    /// <summary>What was saved, changed or not, goes on or is refused.</summary>
    private static string? Resumed(TapeRandom random, TestWire wire)
    {
        StateWriter saved = new();
        wire.Network.Save(saved);
        byte[] state = saved.ToArray();
        if (random.Chance(50)) state = Mutator.Change(random, state);
        try
        {
            using NetworkPort again = wire.Network.Resume(new StateReader(state, []), wire.Now);
        }
        catch (InvalidStateException)
        {
            // refused
        }
        return null;
    }

    private static byte[] Frame(TapeRandom random)
    {
        switch (random.Next(6))
        {
            case 0:
                byte[] noise = new byte[random.Next(LongestFrame)];
                random.NextBytes(noise);
                return noise;
            case 1 or 2:
                byte[] tcp = TestWire.Tcp((ushort)(1000 + random.Next(6)), (ushort)(80 + random.Next(4)), Near(random), Near(random), (TcpFlags)random.Next(64), random.Next(0x10000), new byte[random.Next(1400)]);
                return random.Chance(20) ? HostileFramesTests.Repaired(Mutator.Change(random, tcp)) : tcp;
            case 3:
                byte[] payload = new byte[random.Next(700)];
                random.NextBytes(payload);
                return TestWire.Udp((ushort)random.Next(100), (ushort)random.Pick([53, 67, 7, random.Next(0x10000)]), payload);
            default:
                return HostileFramesTests.Repaired(Mutator.Change(random, random.Pick(HostileFramesTests.Frames)));
        }
    }

    private static uint Near(TapeRandom random) => random.Chance(80) ? (uint)random.Next(3000) : unchecked((uint)random.Next(-70_000, 70_000));
}

/// <summary>The file of a shared network, into which another process writes anything.</summary>
internal sealed class SharedNetworkTarget : FuzzTarget
{
    private readonly TempFolder folder = new(inMemory: true);
    private readonly SharedNetwork? sender, receiver;
    private readonly SafeFileHandle? hostile;

    public SharedNetworkTarget()
    {
        if (!OperatingSystem.IsLinux()) return;
        string file = folder.Path("lan0");
        (sender, receiver) = (SharedNetwork.Join(file), SharedNetwork.Join(file));
        hostile = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    }

    public override string Name => "shared-network";

    public override string Promise => "whatever a neighbour writes into the file of a shared network, every frame is in bounds and nobody fails";

    public override string? WhyNot => sender is null ? "networks between guests need Linux" : null;

    public override int CasesInSuite => 400;

    public override string? Try(TapeRandom random)
    {
        byte[] frame = new byte[1514];
        receiver!.ShowKeys([4]);
        for (int left = 1 + random.Next(20); left > 0; left--)
        {
            Parts++;
            RandomAccess.Write(hostile!, Damage(random), Place(random));
            sender!.Look();
            sender.Send(4, frame.AsSpan(0, 1 + random.Next(frame.Length)).ToArray());
            receiver.Look();
            int waiting = 0;
            while (receiver.Next() is { } next)
            {
                if (next.Length is < 1 or > SharedNetwork.LongestFrame || next.Key > 4092) return $"a frame of {next.Length} bytes for key {next.Key}";
                if (++waiting > SharedNetFile.QueueSize) return "a queue has no end";
                if (receiver.Take().Length != next.Length) return "a frame changed its length";
            }
        }
        return receiver.IsConnected ? null : "the receiver was thrown out";
    }

    public override void Dispose()
    {
        hostile?.Dispose();
        sender?.Dispose();
        receiver?.Dispose();
        folder.Dispose();
    }

    private static byte[] Damage(TapeRandom random)
    {
        byte[] bytes = new byte[random.Chance(50) ? 4 : 1 + random.Next(64)];
        if (random.Chance(20)) Array.Fill(bytes, (byte)255);
        else if (random.Chance(80)) random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Where it matters: counters, cards, doorbells, and the queues between slots 0 and 1.</summary>
    private static long Place(TapeRandom random) => random.Next(5) switch
    {
        0 => 0x1000 + random.Next(0x4000),
        1 => 0x4000 + random.Next(0x44),
        2 => 0x4800 + random.Next(0x44),
        3 => 0x5000 + SharedNetFile.QueueSize + random.Next(64),
        _ => 0x5000 + 16 * SharedNetFile.QueueSize + random.Next(64),
    };
}
