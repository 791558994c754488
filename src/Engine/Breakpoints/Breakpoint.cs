namespace LguestPS;

/// <summary>A place where a guest stands still, or where something is done each time it comes by.</summary>
/// <remarks>Made by <see cref="Guest.AddBreakpoint"/>. The two delegates run on the thread that drives the guest, which stands still meanwhile.</remarks>
public sealed class Breakpoint
{
    private readonly Guest guest;
    private volatile bool enabled;

    internal Breakpoint(int id, Guest guest, BreakpointTarget target, bool enabled)
    {
        Id = id;
        this.guest = guest;
        Target = target;
        this.enabled = enabled;
    }

    /// <summary>Its number, unique in this process.</summary>
    public int Id { get; }

    /// <summary>Name of its guest.</summary>
    public string Guest => guest.Name;

    public BreakpointTarget Target { get; }

    public BreakpointKind Kind => Target.Kind;

    /// <summary><see cref="Target"/> in words.</summary>
    public string What => Target.Text;

    /// <summary>Whether the guest heeds it. May be set from any thread.</summary>
    public bool Enabled
    {
        get => enabled;
        set
        {
            if (enabled == value) return;
            enabled = value;
            guest.Interceptor.Changed();
        }
    }

    /// <summary>How often the guest came by and <see cref="Condition"/>, if there is one, held.</summary>
    public long HitCount { get; internal set; }

    /// <summary>Asked at each hit; if it is false, the hit does not count. Null for always.</summary>
    public Func<BreakpointHit, bool>? Condition { get; init; }

    /// <summary>Done at each hit, in place of stopping there. Null to stop.</summary>
    public Action<BreakpointHit>? Action { get; init; }

    internal Guest Owner => guest;

    public override string ToString() => $"breakpoint {Id}: {What}";
}
