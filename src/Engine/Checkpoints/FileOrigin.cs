using System.Reflection;
using LguestPS.State;

namespace LguestPS;

/// <summary>What a file says of where it comes from.</summary>
/// <param name="Program">The program that made it, with its version.</param>
/// <param name="Cpu">The vCPU that the guest ran on.</param>
/// <param name="KernelSha256">The SHA-256 of the kernel's file, in hexadecimal digits; null if that file was no longer what was loaded.</param>
public sealed record FileOrigin(string Program, string Cpu, string? KernelSha256)
{
    /// <summary>Versions of the format that have none.</summary>
    private const int LastVersionWithout = 4;

    private static readonly string ThisProgram = $"LguestPS {typeof(FileOrigin).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}";

    internal static FileOrigin Of(Guest guest) => new(ThisProgram, guest.CpuName, guest.Machine.Kernel?.Sha256);

    internal static void Write(BinaryWriter file, FileOrigin? origin)
    {
        file.Write(origin is not null);
        if (origin is null) return;
        file.Write(origin.Program);
        file.Write(origin.Cpu);
        file.Write(origin.KernelSha256 ?? "");
    }

    /// <returns>Null for a file that does not say it.</returns>
    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    internal static FileOrigin? Read(BoundedReader file)
    {
        if (file.Version <= LastVersionWithout || !file.ReadBoolean()) return null;
        FileOrigin origin = new(file.ReadString(), file.ReadString(), file.ReadString() is { Length: > 0 } hash ? hash : null);
        if (origin.KernelSha256 is { } digits && (digits.Length != 64 || !digits.All(char.IsAsciiHexDigitLower))) throw new InvalidStateException("its kernel's hash is none");
        if ((origin.Program + origin.Cpu).Any(char.IsControl)) throw new InvalidStateException("it does not say in plain words where it comes from");
        return origin;
    }
}
