using System.Net.Sockets;
using System.Text;
using LguestPS.Gdb;

namespace LguestPS.Tests.Fuzz;

/// <summary>Packets to the server for gdb.</summary>
internal sealed class GdbTarget : FuzzTarget
{
    private const int MostPackets = 25;

    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    private static readonly string[] numbers = ["ffffffff", "7fffffff", "80000000", "0", "", "zz", "ffbfffff", "100000000", "-1", "4", "ffffffffffffffff"];

    private PlacedGuest? plain;
    private GdbServer? server;

    public override string Name => "gdb";

    public override string Promise => "whatever is sent to the server for gdb, it answers or hangs up, and the guest is as it was or as it was told to be";

    public override int CasesInSuite => 200;

    public override string? Try(TapeRandom random)
    {
        using Guest? recorded = random.Chance(30) ? Recorded() : null;
        bool overTcp = random.Next(64) == 0;
        if (plain is null)
        {
            Guest made = Guest.Create(Definition);
            (plain, server) = (new PlacedGuest(made), new GdbServer(made));
        }
        Guest guest = recorded ?? plain.Again();
        using GdbServer? own = recorded is null ? null : new GdbServer(recorded);
        List<byte[]> packets = [];
        for (int left = 1 + random.Next(MostPackets); left > 0; left--) packets.Add(Encoding.Latin1.GetBytes(Wrapped(random, Packet(random))));
        Parts += packets.Count;
        if (overTcp) return OverTcp(guest, own ?? server!, packets);

        PlayedConnection played = new(packets);
        using (GdbPackets connection = new(played, readsAhead: false)) (own ?? server!).Converse(connection, CancellationToken.None);
        Observation?.Add(played.Answers.ToArray());
        return null;
    }

    public override void Dispose()
    {
        server?.Dispose();
        plain?.Dispose();
    }

    private static GuestDefinition Definition => new()
    {
        Name = "timer", Kernel = Repository.Path("examples", "timer", "timer.elf"), Memory = 8 << 20, Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual, Devices = [new ConsoleDefinition()],
        Limits = new GuestLimits(Instructions: 100_000),
    };

    private static Guest Recorded()
    {
        Guest guest = Guest.Create(Definition);
        guest.Record();
        return guest;
    }

    private static string? OverTcp(Guest guest, GdbServer server, List<byte[]> packets)
    {
        using CancellationTokenSource stop = new();
        Exception? failed = null;
        Thread serving = new(() =>
        {
            try
            {
                server.Serve(stop.Token);
            }
            catch (Exception e)
            {
                failed = e;
            }
        });
        serving.Start();
        using (TcpClient client = new())
        {
            client.Connect(server.EndPoint);
            NetworkStream stream = client.GetStream();
            byte[] answers = new byte[65536];
            try
            {
                foreach (byte[] packet in packets)
                {
                    stream.Write(packet);
                    while (stream.DataAvailable) _ = stream.Read(answers);
                }
            }
            catch (IOException)
            {
                // it has hung up
            }
        }
        if (!serving.Join(patience))
        {
            stop.Cancel();
            guest.Stop();
            return serving.Join(patience) ? "the session did not end with its connection" : "the session could not be ended";
        }
        return failed is null or LguestException ? null : failed.ToString();
    }

    private static string Packet(TapeRandom random) => random.Next(21) switch
    {
        0 => "?",
        1 => "g",
        2 => "G" + Hex(random, random.Next(700)),
        3 => "p" + Number(random),
        4 => "P" + Number(random) + "=" + Hex(random, random.Next(24)),
        5 => $"m{Number(random)},{Number(random)}",
        6 => $"M{Number(random)},{Number(random)}:{Hex(random, random.Next(40))}",
        7 => $"Z{random.Next(6)},{Number(random)},{Number(random)}",
        8 => $"z{random.Next(6)},{Number(random)},{Number(random)}",
        9 => "c" + (random.Chance(50) ? Number(random) : ""),
        10 => "s" + (random.Chance(50) ? Number(random) : ""),
        11 => random.Chance(50) ? "bs" : "bc",
        12 => $"vCont;{random.Pick(["c", "s", "C05", "S05", "t", "r0,4"])}{(random.Chance(30) ? ":1" : "")}",
        13 => "vCont?",
        14 => $"qXfer:features:read:target.xml:{Number(random)},{Number(random)}",
        15 => "q" + Text(random),
        16 => "Q" + Text(random),
        17 => "H" + Text(random),
        18 => $"X{Number(random)},{Number(random)}:{Text(random)}",
        19 => $"qRcmd,{Convert.ToHexString(Encoding.Latin1.GetBytes(random.Pick(["help", "where", "goto ", "checkpoint ", "hypercall ", ""]) + Text(random)))}",
        _ => Text(random),
    };

    private static string Wrapped(TapeRandom random, string packet) => random.Next(14) switch
    {
        0 => $"${packet}#zz",
        1 => packet,
        2 => "\u0003",
        3 => "$" + packet,
        4 => "-+$#00",
        _ => $"${packet}#{(byte)packet.Sum(character => character):x2}" + (random.Chance(20) ? "\u0003" : ""),
    };

    private static string Number(TapeRandom random) => random.Next(4) switch
    {
        0 => $"{random.NextInt64(1L << 32):x}",
        1 => random.Pick(numbers),
        2 => $"{0xC0100000 + (uint)random.Next(0x2000):x}",
        _ => $"{random.Next(70_000):x}",
    };

    private static string Hex(TapeRandom random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => "0123456789abcdefX"[random.Next(random.Chance(1) ? 17 : 16)]));

    private static string Text(TapeRandom random) => string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => (char)random.Next(1, 127))).Replace("$", "").Replace("#", "");

    /// <summary>What gdb sends, one piece after another, and what it is told.</summary>
    private sealed class PlayedConnection(List<byte[]> pieces) : Stream
    {
        private readonly MemoryStream sent = new([.. pieces.SelectMany(piece => piece)]);

        public MemoryStream Answers { get; } = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int ReadByte() => sent.ReadByte();

        public override int Read(byte[] buffer, int offset, int count) => sent.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => Answers.Write(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
