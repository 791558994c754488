using System.Net.Sockets;
using System.Text;
using Xunit;

namespace LguestPS.Tests.Gdb;

/// <summary>gdb's packets, sent by hand: what a stub must answer whatever version of gdb asks.</summary>
public class GdbProtocolTests
{
    [Fact]
    public void A_packet_with_a_bad_checksum_is_asked_for_again()
    {
        using Conversation gdb = new();
        gdb.Write("$?#00");
        Assert.Equal('-', gdb.Read());
        gdb.Write("$?#3f");
        Assert.Equal('+', gdb.Read());
        Assert.Equal("S05", gdb.ReadPacket());
    }

    [Fact]
    public void The_target_description_comes_in_pieces_and_names_all_registers()
    {
        using Conversation gdb = new();
        Assert.Contains("qXfer:features:read+", gdb.Ask("qSupported:xmlRegisters=i386"));
        string xml = "", piece;
        do
        {
            piece = gdb.Ask($"qXfer:features:read:target.xml:{xml.Length:x},100");
            xml += piece[1..];
        }
        while (piece[0] == 'm');
        Assert.Equal(41, System.Xml.Linq.XDocument.Parse(xml.Replace("<!DOCTYPE target SYSTEM \"gdb-target.dtd\">", "")).Descendants("reg").Count());
        Assert.Equal((16 * 4 + 8 * 10 + 8 * 4 + 8 * 16 + 4) * 2, gdb.Ask("g").Length);
    }

    [Fact]
    public void What_is_written_is_read_back_and_leaves_a_trace()
    {
        using Conversation gdb = new();
        uint address = gdb.Guest.Symbols!.AddressOf("ticked")!.Value;
        Assert.Equal("OK", gdb.Ask($"M{address:x},4:01020304"));
        Assert.Equal("01020304", gdb.Ask($"m{address:x},4"));
        Assert.Equal("OK", gdb.Ask("P0=78563412"));
        Assert.Equal("78563412", gdb.Ask("p0"));
        Assert.Equal("OK", gdb.Ask("P10=00000000000000c0ff3f"));
        Assert.Equal("00000000000000c0ff3f", gdb.Ask("p10"));
        Assert.StartsWith("E", gdb.Ask("m10,4"));
        Assert.StartsWith("E", gdb.Ask("mzz,4"));
        Assert.Equal("", gdb.Ask("vMustReplyEmpty"));
        gdb.Ask("D");
        gdb.Ended();
        InterventionEvent[] changes = [.. gdb.Guest.Step(new StepOptions { Driver = "the test" }).OfType<InterventionEvent>()];
        Assert.Equal([InterventionOperation.SetMemory, InterventionOperation.SetRegister, InterventionOperation.SetRegister], changes.Select(change => change.Operation));
    }

    [Fact]
    public void It_stops_at_breakpoints_and_watchpoints_steps_and_ends_with_the_guest()
    {
        using Conversation gdb = new();
        SymbolTable symbols = gdb.Guest.Symbols!;
        uint sleep = symbols.AddressOf("sleep_until")!.Value, ticked = symbols.AddressOf("ticked")!.Value;
        Assert.Equal("OK", gdb.Ask($"Z0,{sleep:x},1"));
        Assert.Equal("T05thread:1;", gdb.Ask("vCont;c"));
        Assert.Equal(sleep, gdb.Guest.Registers.Eip);
        Assert.Equal("OK", gdb.Ask($"z0,{sleep:x},1"));
        Assert.Equal("T05thread:1;", gdb.Ask("vCont;s:1"));
        Assert.InRange(gdb.Guest.Registers.Eip, sleep + 1, sleep + 15);
        Assert.Equal("OK", gdb.Ask($"Z2,{ticked:x},4"));
        Assert.Equal($"T05watch:{ticked:x};thread:1;", gdb.Ask("c"));
        Assert.Equal("OK", gdb.Ask($"z2,{ticked:x},4"));
        Assert.Empty(gdb.Guest.Breakpoints);
        Assert.Equal("", gdb.Ask("Z9,0,1"));
        Assert.Equal("Guest 'timer' ended: Power down\n", gdb.AskForText("c"));
        Assert.Equal("W00", gdb.ReadPacket());
        Assert.Equal("W00", gdb.Ask("c"));
    }

    [Fact]
    public void Byte_3_stops_a_running_guest_and_a_lost_connection_too()
    {
        using Conversation gdb = new(new GuestDefinition { Name = "busy", Kernel = Repository.Path("tests", "Pester", "guests", "busy.elf"), Memory = 4 << 20, Cpu = CpuChoice.Emulated });
        gdb.Send("c");
        gdb.Write("\u0003");
        Assert.Equal("T02thread:1;", gdb.ReadPacket());
        gdb.Send("c");
        gdb.Close();
        gdb.Ended();
        Assert.Null(gdb.Guest.Driver);
        Assert.False(gdb.Guest.HasEnded);
    }

    [Fact]
    public void A_recorded_guest_goes_back_by_instructions_and_to_breakpoints()
    {
        using Conversation gdb = new();
        gdb.Guest.Record();
        Assert.Contains("ReverseStep+;ReverseContinue+", gdb.Ask("qSupported"));
        uint sleep = gdb.Guest.Symbols!.AddressOf("sleep_until")!.Value, entry = gdb.Guest.Registers.Eip;
        gdb.Ask($"Z0,{sleep:x},1");
        Assert.Equal("T05thread:1;", gdb.Ask("c"));
        long? there = gdb.Guest.InstructionCount;
        gdb.Ask("s");
        gdb.Ask("s");
        Assert.Equal("T05thread:1;", gdb.Ask("bs"));
        Assert.Equal(there + 1, gdb.Guest.InstructionCount);
        Assert.Equal("T05thread:1;", gdb.Ask("bc"));
        Assert.Equal((sleep, there), (gdb.Guest.Registers.Eip, gdb.Guest.InstructionCount));
        Assert.Equal("T05replaylog:begin;thread:1;", gdb.Ask("bc"));
        Assert.Equal(entry, gdb.Guest.Registers.Eip);
        Assert.Equal("T05thread:1;", gdb.Ask("c"));
        Assert.Equal((sleep, there), (gdb.Guest.Registers.Eip, gdb.Guest.InstructionCount));
    }

    [Fact]
    public void A_recorded_guest_that_has_ended_is_at_the_end_of_its_history_and_can_be_taken_back_from_there()
    {
        using Conversation gdb = new();
        gdb.Guest.Record();
        uint sleep = gdb.Guest.Symbols!.AddressOf("sleep_until")!.Value;
        Assert.Equal("Guest 'timer' ended: Power down\n", gdb.AskForText("c"));
        Assert.Equal("T05replaylog:end;thread:1;", gdb.ReadPacket());
        Assert.Equal("T05replaylog:end;thread:1;", gdb.Ask("?"));
        Assert.Equal("T05replaylog:end;thread:1;", gdb.Ask("s"));
        Assert.NotEqual("E", gdb.Ask("g")[..1]);
        gdb.Ask($"Z0,{sleep:x},1");
        Assert.Equal("T05thread:1;", gdb.Ask("bc"));
        Assert.Equal(sleep, gdb.Guest.Registers.Eip);
        gdb.Ask($"z0,{sleep:x},1");
        Assert.Equal("Guest 'timer' ended: Power down\n", gdb.AskForText("c"));
        Assert.Equal("T05replaylog:end;thread:1;", gdb.ReadPacket());
    }

    [Fact]
    public void Kill_ends_the_guest()
    {
        using Conversation gdb = new();
        gdb.Send("k");
        gdb.Ended();
        Assert.Equal(EndingKind.Stopped, gdb.Guest.Ending!.Kind);
    }

    /// <summary>A guest with a server, and somebody who talks to it.</summary>
    private sealed class Conversation : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

        private readonly GdbServer server;
        private readonly CancellationTokenSource stop = new();
        private readonly Task serving;
        private readonly TcpClient client = new();

        public Conversation(GuestDefinition? definition = null)
        {
            Guest = Guest.Create(definition ?? new GuestDefinition
            {
                Name = "timer", Kernel = Repository.Path("examples", "timer", "timer.elf"), Memory = 8 << 20, Clock = ClockKind.Virtual, Devices = [new ConsoleDefinition()],
            });
            server = new GdbServer(Guest);
            serving = Task.Factory.StartNew(() => server.Serve(stop.Token), TaskCreationOptions.LongRunning);
            client.Connect(server.EndPoint);
            client.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        }

        public Guest Guest { get; }

        public string Ask(string packet)
        {
            Send(packet);
            return ReadPacket();
        }

        /// <summary>What the server lets gdb show before it answers.</summary>
        public string AskForText(string packet)
        {
            string text = Ask(packet);
            Assert.Equal('O', text[0]);
            return Encoding.UTF8.GetString(Convert.FromHexString(text.AsSpan(1)));
        }

        public void Send(string packet)
        {
            Write($"${packet}#{(byte)Encoding.Latin1.GetBytes(packet).Sum(value => value):x2}");
            Assert.Equal('+', Read());
        }

        public void Write(string text) => client.GetStream().Write(Encoding.Latin1.GetBytes(text));

        public char Read() => (char)client.GetStream().ReadByte();

        public string ReadPacket()
        {
            Assert.Equal('$', Read());
            StringBuilder text = new();
            for (char c = Read(); c != '#'; c = Read()) text.Append(c == '}' ? (char)(Read() ^ 0x20) : c);
            Read();
            Read();
            Write("+");
            return text.ToString();
        }

        public void Close() => client.Close();

        public void Ended() => Assert.True(serving.Wait(Patience));

        public void Dispose()
        {
            client.Dispose();
            stop.Cancel();
            Ended();
            server.Dispose();
            Guest.Dispose();
        }
    }
}
