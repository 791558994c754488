using System.Text;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Paging;

namespace LguestPS.Histories;

/// <summary>Finds out which process a Linux is running, as far as its symbols lead there: where a task has its name is where the first one says "swapper".</summary>
internal sealed class ProcessNames(Guest guest, SymbolTable symbols)
{
    private const int LongestName = 16;
    private const uint MostTask = 8192;

    private static readonly uint[] StackSizes = [8192, 4096];

    private readonly EmulatedCpu cpu = (EmulatedCpu)guest.Cpu;
    private readonly uint? firstTask = symbols.AddressOf("init_task"), current = symbols.AddressOf("per_cpu__current_task") ?? symbols.AddressOf("current_task");
    private readonly Dictionary<ulong, string> names = [];
    private uint? nameOffset;

    /// <summary>The name of the process whose kernel stack is in use, or null.</summary>
    public string? Current(ref GuestRegisters registers)
    {
        if (firstTask is not { } first || registers.PrivilegeLevel == 3) return null;
        nameOffset ??= FindName(first);
        if (nameOffset is not { } offset) return null;
        // Some kernels keep the task in a variable, others at the bottom of its stack.
        if (current is { } variable && cpu.TryPeek(variable, out uint task) && NameAt(task, offset) is { } name) return name;
        foreach (uint size in StackSizes)
            if (cpu.TryPeek(registers.Esp & ~(size - 1), out task) && NameAt(task, offset) is { } found) return found;
        return null;
    }

    private uint? FindName(uint first)
    {
        byte[] task = new byte[MostTask];
        int length = LinearMemory.ReadAvailable(guest.Machine.PageTables, guest.Machine.PageDirectory, first, task);
        int at = task.AsSpan(0, length).IndexOf("swapper"u8);
        return at < 0 ? null : (uint)at;
    }

    private string? NameAt(uint task, uint offset)
    {
        if (task < guest.Machine.PageOffset || (task & 3) != 0 || !cpu.TryPeek(task + offset, out uint low) || !cpu.TryPeek(task + offset + 4, out uint high)) return null;
        ulong start = (ulong)high << 32 | low;
        if (names.TryGetValue(start, out string? known) && known.Length < sizeof(ulong)) return known;
        Span<byte> bytes = stackalloc byte[LongestName];
        if (LinearMemory.ReadAvailable(guest.Machine.PageTables, guest.Machine.PageDirectory, task + offset, bytes) != LongestName) return null;
        int end = bytes.IndexOf((byte)0);
        if (end <= 0 || bytes[..end].ContainsAnyExceptInRange((byte)0x20, (byte)0x7E)) return null;
        return names[start] = Encoding.ASCII.GetString(bytes[..end]);
    }
}
