namespace LguestPS.Memory;

/// <summary>A piece of guest memory.</summary>
/// <param name="Address">Guest-physical.</param>
/// <param name="Length">In bytes.</param>
internal readonly record struct GuestRange(uint Address, uint Length);
