using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>The console: what the guest sends is shown, what is typed waits until the guest has a buffer for it.</summary>
internal sealed class ConsoleFunction : DeviceFunction
{
    public override string Name => "console";

    public override bool HasInput => !Input.IsEmpty;

    public override bool IsTyped => true;

    public ConsoleInput Input { get; } = new();

    public ConsoleTranscript Output { get; } = new();

    public override void Save(StateWriter state)
    {
        Input.Save(state);
        Output.Save(state);
    }

    public override void Load(StateReader state)
    {
        Input.Load(state);
        Output.Load(state);
    }

    /// <summary>Shows what the guest wrote.</summary>
    public void Write(IDeviceHost host, ReadOnlyMemory<byte> bytes)
    {
        Output.Append(bytes.Span);
        host.Show(bytes);
    }

    public override uint Fill(IDeviceHost host, IGuestBuffer buffer) => (uint)buffer.WriteAll(Input.Take((int)buffer.WritableLength));

    public override byte[] TakeWaiting() => Input.Take(ConsoleInput.MostWaiting);

    public override void PutBackWaiting(byte[] waiting) => Input.PutBack(waiting);

    public override void Replug(IDeviceHost host)
    {
        Input.Open();
        Output.Open();
    }

    /// <summary>The guest has ended.</summary>
    public void Close()
    {
        Input.Close();
        Output.Close();
    }
}
