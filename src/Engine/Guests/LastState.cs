namespace LguestPS.Guests;

/// <summary>What the properties of a guest keep after it was removed.</summary>
internal sealed record LastState(GuestRegisters Registers, long? InstructionCount, TimeSpan GuestTime, long DirectTrapCount, long CompiledInstructionCount);
