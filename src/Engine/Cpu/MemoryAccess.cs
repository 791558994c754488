namespace LguestPS;

/// <summary>What an instruction does to memory.</summary>
[Flags]
public enum MemoryAccess : long
{
    None = 0,
    Read = 1,
    Write = 2,

    /// <summary>It begins there.</summary>
    Execute = 4,
}
