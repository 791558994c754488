using LguestPS.Networks;

namespace LguestPS.Tests.Fuzz;

/// <summary>Files of frames to replay, pcapng of either byte order.</summary>
internal sealed class FrameFileTarget : FileTarget
{
    public override string Name => "frame-files";

    public override int CasesInSuite => 1000;

    protected override string What => "a file of frames";

    protected override string FileName => "frames.pcapng";

    protected override IEnumerable<byte[]> MakeSamples() =>
    [
        Convert.FromHexString(
            "0A0D0D0A" + "0000001C" + "1A2B3C4D" + "00010000" + "FFFFFFFFFFFFFFFF" + "0000001C"
            + "00000001" + "00000014" + "00010000" + "00000000" + "00000014"
            + "00000BAD" + "00000010" + "12345678" + "00000010"
            + "00000006" + "0000003C" + "00000000" + "00000000" + "00000007" + "0000000E" + "0000000E" + "000102030405060708090A0B0C0D0000" + "00020004" + "00000001" + "00000000" + "0000003C"),
        Convert.FromHexString(
            "0A0D0D0A" + "2C000000" + "4D3C2B1A" + "01000000" + "FFFFFFFFFFFFFFFF" + "04000800" + "4C67756573745053" + "00000000" + "2C000000"
            + "01000000" + "2C000000" + "01000000" + "EA050000" + "02000500" + "6775657374000000" + "09000100" + "09000000" + "00000000" + "2C000000"
            + "06000000" + "3C000000" + "00000000" + "01000000" + "02000000" + "0F000000" + "0F000000" + "0102030405060708090A0B0C0D0E0F00"
            + "02000400" + "01000000" + "00000000" + "3C000000"),
    ];

    protected override void Use(string path, TapeRandom random) 
    {
        foreach (var frame in FrameRecording.Read(path)) Observation?.Add(frame.Bytes);
    }
}
