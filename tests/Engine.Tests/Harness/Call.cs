namespace LguestPS.Tests;

/// <summary>The hypercall numbers (ABI §3); some mean something else in another era.</summary>
internal static class Call
{
    public const uint FlushAsync = 0;
    public const uint LguestInit = 1;
    public const uint Crash = 2;
    public const uint LoadGdt = 3;
    public const uint NewPageTable = 4;
    public const uint FlushTlb = 5;
    public const uint LoadIdtEntry = 6;
    public const uint SetStack = 7;
    public const uint Ts = 8;
    public const uint SetClockEvent = 9;
    public const uint Halt = 10;
    public const uint BindDma = 12;
    public const uint SendDma = 13;
    public const uint SetPte = 14;
    public const uint SetPmd = 15;
    public const uint LoadTls = 16;

    // Virtio eras:
    public const uint Shutdown = 2;
    public const uint SetPmdOfTable = 13;
    public const uint SetPgd = 15;
    public const uint Notify = 17;
    public const uint LoadGdtEntry = 18;
    public const uint SendInterrupts = 19;
}
