namespace LguestPS.Devices.Dma;

/// <summary>The console: key 0, no page, no data but the text itself.</summary>
internal sealed class DmaConsole(ConsoleFunction console) : DmaDevice(console)
{
    public override ushort Type => 1;

    public override uint Key => 0;

    public override DmaOutcome Serve(DmaTransport transport, DmaList sent)
    {
        byte[] bytes = sent.ReadAll();
        console.Write(transport.Host, bytes);
        return new DmaOutcome((uint)bytes.Length);
    }
}
