using LguestPS.Paging;

namespace LguestPS.Gdb;

/// <summary>One gdb's session with a guest: answers its packets until it detaches, kills the guest or goes away.</summary>
internal sealed class GdbSession(Guest guest, GdbPackets packets, GdbRun run, CancellationToken stop) : IDisposable
{
    private readonly GdbBreakpoints breakpoints = new(guest);
    private readonly GdbChanges changes = new(guest, "gdb");
    private readonly GdbMonitor monitor = new(guest, run);
    private string lastStop = guest.HasEnded ? run.WhyItStands : $"S{GdbAnswers.Trapped}";
    private bool over;

    public void Serve()
    {
        try
        {
            while (!over && packets.Receive(stop) is { } packet) packets.Send(Answer(packet));
        }
        catch (OperationCanceledException)
        {
        }
    }

    public void Dispose() => breakpoints.Dispose();

    private string Answer(string packet)
    {
        if (packet.Length == 0) return GdbAnswers.Unknown;
        try
        {
            return packet[0] switch
            {
                '?' => lastStop,
                'g' => Convert.ToHexStringLower(guest.Seat.Look(() => GdbRegisters.ReadAll(guest.Cpu))),
                'G' => WriteRegisters(packet.AsSpan(1)),
                'p' => ReadRegister(packet.AsSpan(1)),
                'P' => WriteRegister(packet.AsSpan(1)),
                'm' => ReadMemory(packet.AsSpan(1)),
                'M' => WriteMemory(packet.AsSpan(1)),
                'Z' or 'z' => Breakpoint(packet),
                'c' => GoFrom(packet.AsSpan(1), steps: false),
                's' => GoFrom(packet.AsSpan(1), steps: true),
                'b' => GoBack(packet),
                'v' => Verbose(packet),
                'q' or 'Q' => Query(packet),
                'H' => GdbAnswers.Ok,
                'T' => GdbAnswers.Ok,
                'D' => Detach(),
                'k' => Kill(),
                _ => GdbAnswers.Unknown,
            };
        }
        catch (LguestException)
        {
            return GdbAnswers.BadPacket;
        }
    }

    private string Query(string packet)
    {
        if (packet.StartsWith("qSupported")) return $"PacketSize={GdbPackets.LongestPacket:x};qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak-;hwbreak-{(run.CanGoBack ? ";ReverseStep+;ReverseContinue+" : "")}";
        if (packet == "QStartNoAckMode")
        {
            packets.StopAcknowledging();
            return GdbAnswers.Ok;
        }
        if (packet.StartsWith("qXfer:features:read:target.xml:")) return Piece(TargetDescription.Xml, packet["qXfer:features:read:target.xml:".Length..]);
        if (packet.StartsWith("qRcmd,")) return Monitor(packet.AsSpan("qRcmd,".Length));
        return packet switch
        {
            "qC" => "QC1",
            "qfThreadInfo" => "m1",
            "qsThreadInfo" => "l",
            "qAttached" => "1",
            _ when packet.StartsWith("qThreadExtraInfo") => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(guest.Name)),
            _ => GdbAnswers.Unknown,
        };
    }

    private string Monitor(ReadOnlySpan<char> hex)
    {
        if (GdbAnswers.Bytes(hex) is not { } command) return GdbAnswers.BadPacket;
        string answer = monitor.Do(System.Text.Encoding.UTF8.GetString(command));
        if (monitor.HasMoved) lastStop = run.WhyItStands;
        foreach (char[] piece in answer.Chunk(GdbPackets.LongestPacket / 8)) packets.SendConsoleText(new string(piece));
        return GdbAnswers.Ok;
    }

    private string Verbose(string packet)
    {
        if (packet == "vCont?") return "vCont;c;C;s;S";
        if (packet.StartsWith("vCont;")) return Go(steps: packet.Length > 6 && packet[6] is 's' or 'S');
        if (packet.StartsWith("vKill")) return Kill();
        return GdbAnswers.Unknown;
    }

    private string GoFrom(ReadOnlySpan<char> address, bool steps)
    {
        if (address.Length > 0 && (GdbAnswers.Bytes(address) is null || GdbAnswers.Number(address) is not { } eip || !changes.SetRegister(GdbRegisters.Eip, BitConverter.GetBytes(eip))))
            return GdbAnswers.BadPacket;
        return Go(steps);
    }

    private string GoBack(string packet)
    {
        if (!run.CanGoBack || packet is not ("bs" or "bc")) return GdbAnswers.Unknown;
        return lastStop = packet == "bs" ? run.StepBack() : run.ContinueBack();
    }

    private string Go(bool steps)
    {
        if (guest.HasEnded) return lastStop;
        lastStop = steps ? run.Step() : run.Continue();
        return lastStop;
    }

    private static string Piece(string whole, string range)
    {
        int comma = range.IndexOf(',');
        if (comma < 0 || GdbAnswers.Number(range.AsSpan(0, comma)) is not { } from || GdbAnswers.Number(range.AsSpan(comma + 1)) is not { } length) return GdbAnswers.BadPacket;
        if (from >= whole.Length) return "l";
        int most = (int)Math.Min(length, GdbPackets.LongestPacket / 2), first = (int)from;
        return whole.Length - first <= most ? $"l{whole[first..]}" : $"m{whole.Substring(first, most)}";
    }

    private string WriteRegisters(ReadOnlySpan<char> hex)
    {
        if (GdbAnswers.Bytes(hex) is not { } bytes) return GdbAnswers.BadPacket;
        return changes.SetRegisters(bytes) ? GdbAnswers.Ok : GdbAnswers.BadPacket;
    }

    private string ReadRegister(ReadOnlySpan<char> number)
    {
        if (GdbAnswers.Number(number) is not { } which || which >= GdbRegisters.Count) return GdbAnswers.BadPacket;
        return Convert.ToHexStringLower(guest.Seat.Look(() => GdbRegisters.Read(guest.Cpu, (int)which)));
    }

    private string WriteRegister(ReadOnlySpan<char> text)
    {
        int equals = text.IndexOf('=');
        if (equals < 0 || GdbAnswers.Number(text[..equals]) is not { } which || GdbAnswers.Bytes(text[(equals + 1)..]) is not { } value) return GdbAnswers.BadPacket;
        return changes.SetRegister((int)Math.Min(which, int.MaxValue), value) ? GdbAnswers.Ok : GdbAnswers.BadPacket;
    }

    private string ReadMemory(ReadOnlySpan<char> range)
    {
        if (Range(range) is not { } wanted) return GdbAnswers.BadPacket;
        byte[] bytes = new byte[Math.Min(wanted.Length, GdbPackets.LongestPacket / 2)];
        int mapped = guest.Seat.Look(() => LinearMemory.ReadAvailable(guest.Machine.PageTables, guest.Machine.PageDirectory, wanted.Address, bytes));
        return mapped == 0 && bytes.Length > 0 ? GdbAnswers.BadAddress : Convert.ToHexStringLower(bytes.AsSpan(0, mapped));
    }

    private string WriteMemory(ReadOnlySpan<char> text)
    {
        int colon = text.IndexOf(':');
        if (colon < 0 || Range(text[..colon]) is not { } wanted || GdbAnswers.Bytes(text[(colon + 1)..]) is not { } bytes || bytes.Length != wanted.Length) return GdbAnswers.BadPacket;
        return changes.WriteMemory(wanted.Address, bytes) ? GdbAnswers.Ok : GdbAnswers.BadAddress;
    }

    private string Breakpoint(string packet)
    {
        string[] parts = packet[1..].Split(';')[0].Split(',');
        if (parts.Length < 3 || GdbAnswers.Number(parts[0]) is not { } kind || GdbAnswers.Number(parts[1]) is not { } address || GdbAnswers.Number(parts[2]) is not { } length) return GdbAnswers.BadPacket;
        return (packet[0] == 'Z' ? breakpoints.Set((int)kind, address, length) : breakpoints.Clear((int)kind, address, length)) ?? GdbAnswers.Unknown;
    }

    private string Detach()
    {
        over = true;
        return GdbAnswers.Ok;
    }

    private string Kill()
    {
        over = true;
        guest.Stop();
        return GdbAnswers.Ok;
    }

    private static (uint Address, uint Length)? Range(ReadOnlySpan<char> text)
    {
        int comma = text.IndexOf(',');
        return comma >= 0 && GdbAnswers.Number(text[..comma]) is { } address && GdbAnswers.Number(text[(comma + 1)..]) is { } length ? (address, length) : null;
    }
}
