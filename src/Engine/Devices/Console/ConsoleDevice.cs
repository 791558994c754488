using LguestPS.Dma;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>The console: what the guest sends is shown, what is typed waits until the guest has a buffer for it.</summary>
internal sealed class ConsoleDevice : Device
{
    public override string Name => "console";

    public override ushort Type => 1;

    public override uint Key => 0;

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

    public override DmaOutcome Serve(Guest guest, DmaList sent)
    {
        byte[] bytes = sent.ReadAll();
        Output.Append(bytes);
        guest.ConsoleOutput?.Invoke(bytes);
        return new DmaOutcome((uint)bytes.Length);
    }

    public override uint Fill(Guest guest, DmaList buffer) => (uint)buffer.WriteAll(Input.Take((int)buffer.Length));

    public override byte[] TakeWaiting() => Input.Take(ConsoleInput.MostWaiting);

    public override void PutBackWaiting(byte[] waiting) => Input.PutBack(waiting);

    /// <summary>The guest has ended.</summary>
    public void Close()
    {
        Input.Close();
        Output.Close();
    }
}
