using LguestPS.Segments;

namespace LguestPS.Cpu.Emulated;

/// <summary>mov sreg, r/m16: the segment register's number is in the immediate.</summary>
internal readonly unsafe struct LoadSelector : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags =>
        Segmentation.Load(cpu, (int)op->Immediate, (ushort)value);
}

/// <summary>mov r/m, sreg.</summary>
internal readonly unsafe struct StoreSelector : IWrites
{
    public static uint Run<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize =>
        *Segmentation.SelectorOf(cpu, (int)op->Immediate);
}

/// <summary>lar: ZF says whether the destination holds the access rights.</summary>
internal readonly unsafe struct LoadAccessRights : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        bool visible = SelectorChecks.TryVisible(cpu, value, out SegmentDescriptor descriptor);
        if (visible) TSize.Write((byte*)cpu + op->Destination, descriptor.AccessRights);
        LazyFlags.SetZero(cpu, visible);
        return true;
    }
}

/// <summary>lsl.</summary>
internal readonly unsafe struct LoadSegmentLimit : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        bool visible = SelectorChecks.TryVisible(cpu, value, out SegmentDescriptor descriptor);
        if (visible) TSize.Write((byte*)cpu + op->Destination, descriptor.Limit);
        LazyFlags.SetZero(cpu, visible);
        return true;
    }
}

/// <summary>verr.</summary>
internal readonly unsafe struct VerifyRead : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        LazyFlags.SetZero(cpu, SelectorChecks.TryVisible(cpu, value, out SegmentDescriptor descriptor) && descriptor.IsReadable);
        return true;
    }
}

/// <summary>verw.</summary>
internal readonly unsafe struct VerifyWrite : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        LazyFlags.SetZero(cpu, SelectorChecks.TryVisible(cpu, value, out SegmentDescriptor descriptor) && descriptor.IsWritable);
        return true;
    }
}

/// <summary>arpl: raises the destination's RPL to the source's; ZF says whether it did.</summary>
internal readonly unsafe struct AdjustRequestedLevel : IModifies
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        uint wanted = Bits16.Read((byte*)cpu + op->Source) & 3;
        bool raises = (value & 3) < wanted;
        LazyFlags.SetZero(cpu, raises);
        return raises ? value & ~3u | wanted : value;
    }
}

internal static unsafe class SelectorChecks
{
    /// <summary>A code or data descriptor that the current level and the selector's may know about.</summary>
    public static bool TryVisible(CpuState* cpu, uint selector, out SegmentDescriptor descriptor) =>
        Segmentation.TryFind(cpu, (ushort)selector, out descriptor) && descriptor.IsCodeOrData
        && (descriptor.IsConforming || Math.Max(cpu->PrivilegeLevel, (int)(selector & 3)) <= descriptor.PrivilegeLevel);
}

/// <summary>Runs an action as if its 16-bit memory operand had 32 bits, for lar and lsl.</summary>
internal readonly unsafe struct ToLong<TAction> : IReads where TAction : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags =>
        TAction.Run<Bits32, TFlags>(cpu, op, value);
}
