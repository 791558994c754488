using LguestPS.Native;
using LguestPS.Segments;

namespace LguestPS.Cpu.Kvm;

/// <summary>Segment registers as KVM holds them.</summary>
internal static class KvmSegments
{
    private const byte BusyTask = 0xB;
    private const byte LocalTable = 0x2;

    public static kvm_segment HostCode => new()
    {
        selector = HostPages.CodeSelector, limit = uint.MaxValue, type = 0xB, present = 1, s = 1, l = 1, g = 1,
    };

    public static kvm_segment HostData => new()
    {
        selector = HostPages.DataSelector, limit = uint.MaxValue, type = 0x3, present = 1, s = 1, db = 1, g = 1,
    };

    public static kvm_segment HostTask => new()
    {
        selector = HostPages.TaskSelector, @base = HostPages.TaskLinear, limit = HostPages.TaskLimit, type = BusyTask, present = 1,
    };

    public static kvm_segment NoLocalTable => new() { type = LocalTable, unusable = 1 };

    public static kvm_segment Null(ushort selector) => new() { selector = selector, unusable = 1 };

    public static kvm_segment From(ushort selector, SegmentDescriptor descriptor)
    {
        uint rights = descriptor.AccessRights;
        return new kvm_segment
        {
            selector = selector,
            @base = descriptor.Base,
            limit = descriptor.Limit,
            type = (byte)descriptor.Type,
            s = Bit(12),
            dpl = (byte)descriptor.PrivilegeLevel,
            present = Bit(15),
            avl = Bit(20),
            db = Bit(22),
            g = Bit(23),
        };

        byte Bit(int number) => (byte)(rights >> number & 1);
    }
}
