namespace LguestPS;

/// <summary>How a frame of a call stack was found.</summary>
public enum FrameOrigin : long
{
    /// <summary>The registers: where the guest stands.</summary>
    Registers,

    /// <summary>The chain of frame pointers that starts in ebp.</summary>
    FramePointer,

    /// <summary>The frame a trap or interrupt left on the kernel's stack: what it interrupted.</summary>
    TrapFrame,

    /// <summary>A word on the stack that looks like a return address. It may be left over from a call that is long done.</summary>
    Scan,
}

/// <summary>A function that has been called and not yet returned, as far as the stack tells.</summary>
public sealed record CallStackFrame : GuestView
{
    /// <summary>0 is where the guest stands, 1 its caller, and so on.</summary>
    public required int Index { get; init; }

    /// <summary>Where the function goes on.</summary>
    public required uint Eip { get; init; }

    /// <summary>Where in the kernel that is, such as schedule+0x1a; null if that is not known.</summary>
    public required string? Symbol { get; init; }

    /// <summary>Linear address of the word on the stack that <see cref="Eip"/> was read from; null for frame 0.</summary>
    public required uint? StackAddress { get; init; }

    /// <summary>The ring it runs in: 1 is the guest's kernel, 3 its programs.</summary>
    public required int PrivilegeLevel { get; init; }

    public required FrameOrigin Origin { get; init; }

    /// <summary>True if it was guessed: the word only looks like a return address.</summary>
    public bool IsUncertain => Origin == FrameOrigin.Scan;
}
