namespace LguestPS;

/// <summary>One word that a hypercall must have.</summary>
/// <param name="Index">Which of its arguments, from 0 to 3.</param>
/// <param name="Name">What its parameter is called.</param>
/// <param name="Value">The word.</param>
public readonly record struct ArgumentMatch(int Index, string Name, uint Value)
{
    public override string ToString() => $"{Name}=0x{Value:x}";
}
