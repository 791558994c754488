namespace LguestPS.Segments;

/// <summary>Which segments may go into which segment register (Intel SDM volume 3, chapter 5), for every vCPU and whoever looks at a guest.</summary>
/// <remarks>
/// There is no LDT, and system descriptors never reach the table, so gates and task switches do not exist.
/// Whether the segment is present is asked apart: a processor reports that with another trap.
/// </remarks>
internal static class SegmentRules
{
    public static bool IsNull(uint selector) => (selector & 0xFFFC) == 0;

    /// <summary>The descriptor that a selector names, or false if the table has none.</summary>
    public static bool TryFind(ReadOnlySpan<ulong> table, uint selector, out SegmentDescriptor descriptor)
    {
        uint index = selector >> 3;
        bool found = (selector & 4) == 0 && index > 0 && index < (uint)table.Length;
        descriptor = new SegmentDescriptor(found ? table[(int)index] : 0);
        return found;
    }

    /// <summary>May ds, es, fs or gs hold it at a privilege level?</summary>
    public static bool MayHoldData(SegmentDescriptor descriptor, uint selector, int privilegeLevel) =>
        descriptor.IsReadable && (descriptor.IsConforming || Math.Max(privilegeLevel, (int)(selector & 3)) <= descriptor.PrivilegeLevel);

    /// <summary>May ss?</summary>
    public static bool MayHoldStack(SegmentDescriptor descriptor, uint selector, int privilegeLevel) =>
        descriptor.IsWritable && (selector & 3) == privilegeLevel && descriptor.PrivilegeLevel == privilegeLevel;

    /// <summary>May a guest run in it at a privilege level?</summary>
    public static bool MayHoldCode(SegmentDescriptor descriptor, uint selector, int privilegeLevel) =>
        descriptor.IsCode && (selector & 3) == privilegeLevel && (descriptor.IsConforming || descriptor.PrivilegeLevel == privilegeLevel);

    /// <summary>May a far jump or call from a privilege level, which it keeps, go there?</summary>
    public static bool MayJump(SegmentDescriptor descriptor, uint selector, int privilegeLevel) => descriptor.IsCode
        && (descriptor.IsConforming ? descriptor.PrivilegeLevel <= privilegeLevel : descriptor.PrivilegeLevel == privilegeLevel && (selector & 3) <= privilegeLevel);

    /// <summary>May a far return from a privilege level go there, to the selector's level, which must not be an inner one?</summary>
    public static bool MayReturn(SegmentDescriptor descriptor, uint selector, int privilegeLevel)
    {
        int level = (int)(selector & 3);
        return descriptor.IsCode && level >= privilegeLevel && (descriptor.IsConforming ? descriptor.PrivilegeLevel <= level : descriptor.PrivilegeLevel == level);
    }

    /// <summary>Whether the host may have the guest go on with this in cs: it sets what the selector names, not the level.</summary>
    public static bool CanResume(SegmentDescriptor code) => code.IsCode && code.IsPresent;

    /// <summary>The same for ss.</summary>
    public static bool CanResumeWith(SegmentDescriptor stack) => stack.IsWritable && stack.IsPresent;
}
