namespace LguestPS.Errors;

/// <summary>The guest broke a rule and must end. Carries the reason from where it is found to the run loop; never leaves the engine.</summary>
internal class GuestKilledException(string reason) : Exception(reason);
