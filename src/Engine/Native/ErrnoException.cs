using System.Runtime.InteropServices;

namespace LguestPS.Native;

/// <summary>A call that Linux refused.</summary>
/// <param name="call">Its name.</param>
/// <param name="errno">The error number, positive.</param>
internal sealed class ErrnoException(string call, int errno) : Exception($"{call}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
{
    public int Errno { get; } = errno;

    /// <summary>Passes a call's result on.</summary>
    /// <exception cref="ErrnoException">It is an error.</exception>
    public static long ThrowIfFailed(long result, string call) => result >= 0 ? result : throw new ErrnoException(call, (int)-result);
}
