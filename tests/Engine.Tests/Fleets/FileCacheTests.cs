using System.Security.Cryptography;
using LguestPS.Fleets;
using Xunit;

namespace LguestPS.Tests.Fleets;

public sealed class FileCacheTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private FileCache Open(long limit = 1000) => new(folder.Path("cache"), limit);

    private static (string Hash, byte[] Bytes) File(byte filling, int length = 400)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, filling);
        return (Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes);
    }

    [Fact]
    public void A_file_arrives_in_pieces_and_is_there_for_the_next()
    {
        (string hash, byte[] bytes) = File(1);
        using (FileCache cache = Open())
        {
            Assert.False(cache.TryUse(hash));
            cache.Add(hash, 0, bytes[..300], bytes.Length);
            Assert.False(cache.TryUse(hash));
            cache.Add(hash, 300, bytes[300..], bytes.Length);
            Assert.Equal(bytes, System.IO.File.ReadAllBytes(cache.PathOf(hash)));
        }
        using FileCache next = Open();
        Assert.True(next.TryUse(hash));
        Assert.Equal((1, 400L), next.Size);
    }

    [Fact]
    public void An_empty_file_is_one_piece()
    {
        (string hash, _) = File(0, 0);
        using FileCache cache = Open();
        cache.Add(hash, 0, [], 0);
        Assert.True(cache.TryUse(hash));
    }

    [Fact]
    public void A_file_that_is_not_what_it_should_be_is_refused()
    {
        (string hash, byte[] bytes) = File(1);
        using FileCache cache = Open();
        bytes[7] ^= 1;
        Assert.Contains("damaged", Assert.Throws<IOException>(() => cache.Add(hash, 0, bytes, bytes.Length)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(cache.Folder));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    [InlineData("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    public void What_is_no_hash_names_no_file(string hash)
    {
        using FileCache cache = Open();
        Assert.Throws<IOException>(() => cache.Add(hash, 0, [1], 1));
        Assert.Throws<IOException>(() => cache.PathOf(hash));
    }

    [Fact]
    public void What_was_not_used_for_longest_makes_room()
    {
        (string Hash, byte[] Bytes)[] files = [File(1), File(2), File(3)];
        using (FileCache cache = Open())
            foreach ((string hash, byte[] bytes) in files[..2]) cache.Add(hash, 0, bytes, bytes.Length);
        System.IO.File.SetLastAccessTimeUtc(folder.Path($"cache/{files[0].Hash}"), DateTime.UtcNow - TimeSpan.FromHours(2));
        System.IO.File.SetLastAccessTimeUtc(folder.Path($"cache/{files[1].Hash}"), DateTime.UtcNow - TimeSpan.FromHours(1));
        using FileCache full = Open();
        full.Add(files[2].Hash, 0, files[2].Bytes, files[2].Bytes.Length);
        Assert.False(full.TryUse(files[0].Hash));
        Assert.True(full.TryUse(files[1].Hash));
    }

    [Fact]
    public void What_somebody_uses_stays()
    {
        (string Hash, byte[] Bytes)[] files = [File(1), File(2), File(3)];
        using FileCache other = Open();
        other.Add(files[0].Hash, 0, files[0].Bytes, 400);
        using FileCache mine = Open(limit: 0);
        mine.Add(files[1].Hash, 0, files[1].Bytes, 400);
        mine.Add(files[2].Hash, 0, files[2].Bytes, 400);
        Assert.True(mine.TryUse(files[0].Hash));
        Assert.Equal(3, mine.Size.Count);
    }
}
