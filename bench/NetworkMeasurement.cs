using System.Diagnostics;
using LguestPS.Networks;

namespace LguestPS.Bench;

/// <summary>A shared network by itself, without the guests' own time: two threads, each with a place in it.</summary>
internal static class NetworkMeasurement
{
    private const int Frames = 50_000;
    private const int FrameSize = 1514;
    private const int Pings = 10_000;
    private const int PingSize = 98;

    public static int Run()
    {
        string folder = Directory.CreateTempSubdirectory("lguest-bench-").FullName;
        try
        {
            // A listener may still be about to set these when its network is left.
            AutoResetEvent leftWoken = new(initialState: true), rightWoken = new(initialState: true);
            using SharedNetwork left = SharedNetwork.Join(Path.Combine(folder, "lan0")), right = SharedNetwork.Join(Path.Combine(folder, "lan0"));
            left.OnNews = () => leftWoken.Set();
            right.OnNews = () => rightWoken.Set();
            left.ShowKeys([0]);
            right.ShowKeys([4]);
            Wait(left, leftWoken, () => left.IsBound(4));
            Wait(right, rightWoken, () => right.IsBound(0));

            RoundTrips(left, leftWoken, right, rightWoken);
            OneWay(left, right, rightWoken);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A frame there and back, while whoever waits sleeps: two doorbells.</summary>
    private static void RoundTrips(SharedNetwork left, AutoResetEvent leftWoken, SharedNetwork right, AutoResetEvent rightWoken)
    {
        Thread answering = new(() =>
        {
            for (int i = 0; i < Pings; i++) right.Send(0, Receive(right, rightWoken));
        });
        byte[] ping = new byte[PingSize];
        double[] took = new double[Pings];
        answering.Start();
        for (int i = 0; i < Pings; i++)
        {
            long began = Stopwatch.GetTimestamp();
            left.Send(4, ping);
            Receive(left, leftWoken);
            took[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
        }
        answering.Join();
        Array.Sort(took);
        Console.WriteLine($"{Pings} round trips of {PingSize} bytes: median {took[Pings / 2]:0} us, 99 of 100 within {took[Pings * 99 / 100]:0} us");
    }

    private static void OneWay(SharedNetwork left, SharedNetwork right, AutoResetEvent rightWoken)
    {
        Thread receiving = new(() =>
        {
            for (int i = 0; i < Frames; i++) Receive(right, rightWoken);
        });
        byte[] frame = new byte[FrameSize];
        long began = Stopwatch.GetTimestamp();
        receiving.Start();
        for (int i = 0; i < Frames; i++)
        {
            left.Look();
            while (!left.Send(4, frame)) left.Look();
        }
        receiving.Join();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.WriteLine($"{Frames} frames of {FrameSize} bytes one way: {seconds / Frames * 1e6:0.0} us each, {(double)Frames * FrameSize / (1 << 20) / seconds:0} MiB/s");
    }

    private static ReadOnlySpan<byte> Receive(SharedNetwork network, AutoResetEvent woken)
    {
        Wait(network, woken, () => network.Next() is not null);
        return network.Take();
    }

    private static void Wait(SharedNetwork network, AutoResetEvent woken, Func<bool> come)
    {
        for (network.Look(); !come(); network.Look()) woken.WaitOne();
    }
}
