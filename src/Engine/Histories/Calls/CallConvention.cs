namespace LguestPS;

/// <summary>Where a function of the guest finds its arguments.</summary>
public enum CallConvention
{
    /// <summary>As the guest's kernel is built: Linux passes three in registers, and all on the stack to system calls and to functions with a variable number of them; other guests use the stack.</summary>
    Auto,

    /// <summary>The first three in eax, edx and ecx, the others on the stack.</summary>
    Register,

    /// <summary>All on the stack.</summary>
    Stack,
}
