namespace LguestPS;

/// <summary>What KVM is good for on a machine.</summary>
public enum KvmState : long
{
    /// <summary>It cannot run guests.</summary>
    Unavailable,

    /// <summary>It needs the emulated CPU's help and is slower than that; only <c>cpu: kvm</c> uses it.</summary>
    Degraded,

    /// <summary>It runs guests.</summary>
    Ready,
}
