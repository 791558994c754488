using System.Diagnostics.CodeAnalysis;

namespace LguestPS.Cmdlets;

/// <summary>The guests of this process, in the order they were made. All runspaces share it, as they share jobs.</summary>
internal static class GuestRegistry
{
    private const int LongestName = 64;

    private static readonly Lock Gate = new();
    private static readonly List<Guest> Guests = [];
    private static readonly HashSet<string> NamesInUse = new(StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> Stems = new(StringComparer.OrdinalIgnoreCase);      // of names that were given a number here
    private static readonly Dictionary<Guest, GuestJob> Jobs = [];

    public static IReadOnlyList<Guest> All
    {
        get
        {
            lock (Gate) return [.. Guests];
        }
    }

    /// <summary>Makes a guest and lists it; a name that is taken gets a number.</summary>
    /// <exception cref="LguestException">As <see cref="Guest.Create"/>; then nothing is listed.</exception>
    public static Guest Create(GuestDefinition definition) => Add(definition.Name, name => Guest.Create(definition with { Name = name }));

    /// <summary>Lists a guest that <paramref name="make"/> makes; a name that is taken gets a number.</summary>
    /// <exception cref="LguestException">Whatever <paramref name="make"/> throws; then nothing is listed.</exception>
    public static Guest Add(string wanted, Func<string, Guest> make)
    {
        string name = ReserveName(wanted);
        try
        {
            Guest guest = make(name);
            lock (Gate) Guests.Add(guest);
            return guest;
        }
        catch
        {
            lock (Gate) NamesInUse.Remove(name);
            throw;
        }
    }

    /// <summary>The name a new guest would get.</summary>
    public static string FreeName(string wanted)
    {
        lock (Gate)
        {
            if (!NamesInUse.Contains(wanted)) return wanted;
            string stem = Stem(wanted), name = wanted;
            for (int number = 2; NamesInUse.Contains(name); number++)
                name = $"{stem[..Math.Min(stem.Length, LongestName - $"{number}".Length)]}{number}";
            return name;
        }
    }

    /// <summary>What a number is put after: ring for ring and for its copy ring2, but linux-2.6.23- for linux-2.6.23, whose number is its own.</summary>
    private static string Stem(string name)
    {
        string letters = name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        if (letters.Length == name.Length) return name;
        bool isCopy = letters.Length > 0 && name[letters.Length] != '0' && (NamesInUse.Contains(letters) || NamesInUse.Contains(letters.TrimEnd('-')) || Stems.Contains(letters));
        return isCopy ? letters : name + "-";
    }

    public static Guest? Find(string name) => All.FirstOrDefault(guest => string.Equals(guest.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Stops the guest, frees what it holds and takes it off the list.</summary>
    public static void Remove(Guest guest, Action<string>? warning = null)
    {
        guest.Remove(warning);
        lock (Gate)
        {
            if (Guests.Remove(guest)) NamesInUse.Remove(guest.Name);
            Jobs.Remove(guest);
        }
    }

    public static void Clear()
    {
        foreach (Guest guest in All) Remove(guest);
    }

    public static void SetJob(Guest guest, GuestJob job)
    {
        lock (Gate) Jobs[guest] = job;
    }

    /// <summary>The last job that ran this guest, finished or not.</summary>
    public static bool TryGetJob(Guest guest, [NotNullWhen(true)] out GuestJob? job)
    {
        lock (Gate) return Jobs.TryGetValue(guest, out job);
    }

    /// <summary>Forgets a job that is removed.</summary>
    public static void Forget(GuestJob job)
    {
        lock (Gate)
            if (Jobs.TryGetValue(job.Guest, out GuestJob? last) && last == job) Jobs.Remove(job.Guest);
    }

    private static string ReserveName(string wanted)
    {
        lock (Gate)
        {
            string name = FreeName(wanted);
            if (name != wanted) Stems.Add(Stem(wanted));
            NamesInUse.Add(name);
            return name;
        }
    }
}
