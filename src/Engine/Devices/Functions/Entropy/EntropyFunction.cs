using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A source of random numbers: the host's or, where a guest's run must be repeatable, a sequence that is the guest's own and the same in every run.</summary>
internal sealed class EntropyFunction : DeviceFunction
{
    /// <summary>The most bytes that are given at once.</summary>
    public const int MostBytes = 64 * 1024;

    private readonly byte[]? seed;
    private long given;

    /// <param name="seed">What the sequence is made from; null for the host's random numbers.</param>
    public EntropyFunction(string? seed) => this.seed = seed is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(seed));

    public override string Name => "rng";

    /// <summary>Gives random bytes; while a recorded guest is in its past, those it had then.</summary>
    /// <param name="host">The guest.</param>
    /// <param name="bytes">Gets them; of at most <see cref="MostBytes"/>.</param>
    /// <exception cref="LguestException">ReplayDiverged: it had another number of them, or none, then.</exception>
    public void Fill(IDeviceHost host, Span<byte> bytes)
    {
        bool isAgain = host.IsInPast;
        if (seed is null) RandomNumberGenerator.Fill(bytes);
        else FillFromSequence(seed, bytes);
        if (!isAgain)
        {
            host.Tape?.NoteInput(Index, bytes.ToArray());
            return;
        }
        byte[]? then = host.Tape!.InputAgain(Index, isTyped: false);
        if (then?.Length != bytes.Length) throw host.Tape.Diverged($"it takes {bytes.Length} random bytes where it took {then?.Length ?? 0}");
        then.CopyTo(bytes);
    }

    public override void Save(StateWriter state) => state.Write(given);

    public override void Load(StateReader state) => given = state.ReadCount("the count of random bytes");

    /// <summary>The next bytes of the hashes of the seed with the numbers from 0 on.</summary>
    private void FillFromSequence(byte[] seed, Span<byte> bytes)
    {
        Span<byte> block = stackalloc byte[SHA256.HashSizeInBytes + sizeof(long)];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        seed.CopyTo(block);
        while (!bytes.IsEmpty)
        {
            BinaryPrimitives.WriteInt64LittleEndian(block[seed.Length..], given / hash.Length);
            SHA256.HashData(block, hash);
            ReadOnlySpan<byte> rest = hash[(int)(given % hash.Length)..];
            rest = rest[..Math.Min(rest.Length, bytes.Length)];
            rest.CopyTo(bytes);
            bytes = bytes[rest.Length..];
            given += rest.Length;
        }
    }
}
