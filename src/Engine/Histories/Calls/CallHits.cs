namespace LguestPS.Histories;

/// <summary>What an analyst of calls sees.</summary>
/// <param name="Position">Where in the run.</param>
/// <param name="Slot">Linear address of the return address on the stack.</param>
/// <param name="Directory">The page directory, which tells stacks of different processes apart where they have the same address; 0 for the kernel's.</param>
internal abstract record CallHit(RunPosition Position, uint Slot, uint Directory);

/// <summary>A function is about to begin.</summary>
internal sealed record CallBegun(
    RunPosition Position, uint Slot, uint Directory, CallTarget Target, uint ReturnAddress, IReadOnlyList<CallArgument> Arguments, string? Process, uint PageDirectory)
    : CallHit(Position, Slot, Directory);

/// <summary>A return address was come to with the stack as a return leaves it.</summary>
internal sealed record CallReturned(RunPosition Position, uint Slot, uint Directory, uint ReturnAddress, uint Result) : CallHit(Position, Slot, Directory);

/// <summary>A call is about to be made that puts its return address there: what was in that place is over, however it ended.</summary>
internal sealed record CallReplaced(RunPosition Position, uint Slot, uint Directory) : CallHit(Position, Slot, Directory);
