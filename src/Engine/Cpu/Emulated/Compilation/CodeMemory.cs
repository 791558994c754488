using LguestPS.Native;

namespace LguestPS.Cpu.Emulated;

/// <summary>Memory for machine code, mapped twice: once to write, once to run, and never both.</summary>
internal sealed unsafe class CodeMemory : IDisposable
{
    /// <summary>So much code is kept before all of it is dropped.</summary>
    public const int Bytes = 16 << 20;

    private readonly MemoryDescriptor descriptor;
    private readonly Mapping writable;
    private readonly Mapping executable;

    /// <exception cref="ErrnoException">The system gives no such memory; some forbid it.</exception>
    public CodeMemory(LibC libc)
    {
        descriptor = MemoryDescriptor.Create(libc, "lguest-code", Bytes);
        try
        {
            writable = Mapping.Shared(libc, descriptor, Bytes);
            executable = Mapping.Executable(libc, descriptor, Bytes);
        }
        catch
        {
            writable?.Dispose();
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Where bytes are written that run at the same offset from <see cref="Start"/>.</summary>
    public byte* Buffer => writable.Address;

    /// <summary>Where the code runs.</summary>
    public byte* Start => executable.Address;

    public void Dispose()
    {
        executable.Dispose();
        writable.Dispose();
        descriptor.Dispose();
    }
}
