using LguestPS.Segments;

namespace LguestPS.Cpu.Emulated;

/// <summary>Loads the segment registers, and raises the trap that the rules give a selector.</summary>
internal static unsafe class Segmentation
{
    /// <summary>May these bytes be touched? Raises #GP(0), or #SS(0) for the stack, if not.</summary>
    public static bool Check(CpuState* cpu, int segment, uint offset, uint bytes, bool write)
    {
        Segment* register = CpuState.SegmentOf(cpu, segment);
        SegmentTraits needed = SegmentTraits.Usable | (write ? SegmentTraits.Writable : SegmentTraits.Readable);
        if ((register->Traits & needed) == needed && register->Contains(offset, bytes)) return true;
        return CpuState.Raise(cpu, segment == SegmentNumber.Ss ? Vector.StackFault : Vector.GeneralProtection);
    }

    /// <summary>The descriptor that a selector names, or false if the table has none.</summary>
    public static bool TryFind(CpuState* cpu, uint selector, out SegmentDescriptor descriptor) =>
        SegmentRules.TryFind(new ReadOnlySpan<ulong>(cpu->Descriptors, DescriptorTable.Entries), selector, out descriptor);

    /// <summary>Loads any segment register but cs, as <c>mov</c>, <c>pop</c> and <c>lds</c> do.</summary>
    public static bool Load(CpuState* cpu, int segment, ushort selector)
    {
        if (segment == SegmentNumber.Ss)
        {
            if (!TryLoadableStack(cpu, selector, cpu->PrivilegeLevel, Vector.GeneralProtection, out SegmentDescriptor stack)) return false;
            SetStack(cpu, selector, stack);
            cpu->StackLoaded = true;
            return true;
        }

        Segment loaded = Segment.Null(selector);
        if (!SegmentRules.IsNull(selector))
        {
            if (!TryFind(cpu, selector, out SegmentDescriptor descriptor) || !SegmentRules.MayHoldData(descriptor, selector, cpu->PrivilegeLevel))
                return CpuState.Raise(cpu, Vector.GeneralProtection, selector & 0xFFFCu);
            if (!descriptor.IsPresent) return CpuState.Raise(cpu, Vector.SegmentNotPresent, selector & 0xFFFCu);
            loaded = Segment.From(selector, descriptor);
        }

        SetData(cpu, segment, loaded);
        return true;
    }

    /// <summary>May ss hold this at the given level? <paramref name="vector"/> is #GP, or #TS for a stack that a task segment names.</summary>
    public static bool TryLoadableStack(CpuState* cpu, ushort selector, int privilegeLevel, byte vector, out SegmentDescriptor descriptor)
    {
        descriptor = default;
        if (SegmentRules.IsNull(selector)) return CpuState.Raise(cpu, vector);
        if (!TryFind(cpu, selector, out descriptor) || !SegmentRules.MayHoldStack(descriptor, selector, privilegeLevel))
            return CpuState.Raise(cpu, vector, selector & 0xFFFCu);
        return descriptor.IsPresent || CpuState.Raise(cpu, Vector.StackFault, selector & 0xFFFCu);
    }

    /// <summary>May a far jump or call go there? It keeps the current level.</summary>
    public static bool TryJumpTarget(CpuState* cpu, ushort selector, out SegmentDescriptor descriptor)
    {
        descriptor = default;
        if (SegmentRules.IsNull(selector)) return CpuState.Raise(cpu, Vector.GeneralProtection);
        if (!TryFind(cpu, selector, out descriptor) || !SegmentRules.MayJump(descriptor, selector, cpu->PrivilegeLevel))
            return CpuState.Raise(cpu, Vector.GeneralProtection, selector & 0xFFFCu);
        return descriptor.IsPresent || CpuState.Raise(cpu, Vector.SegmentNotPresent, selector & 0xFFFCu);
    }

    /// <summary>May a far return go there? It goes to the selector's level, which must not be an inner one.</summary>
    public static bool TryReturnTarget(CpuState* cpu, ushort selector, out SegmentDescriptor descriptor)
    {
        descriptor = default;
        if (SegmentRules.IsNull(selector)) return CpuState.Raise(cpu, Vector.GeneralProtection);
        if (!TryFind(cpu, selector, out descriptor) || !SegmentRules.MayReturn(descriptor, selector, cpu->PrivilegeLevel))
            return CpuState.Raise(cpu, Vector.GeneralProtection, selector & 0xFFFCu);
        return descriptor.IsPresent || CpuState.Raise(cpu, Vector.SegmentNotPresent, selector & 0xFFFCu);
    }

    public static void SetCode(CpuState* cpu, ushort selector, SegmentDescriptor descriptor)
    {
        cpu->Registers.Cs = selector;
        cpu->Cs = Segment.From(selector, descriptor);
        CpuState.OwnerOf(cpu).SegmentsChanged();
    }

    public static void SetStack(CpuState* cpu, ushort selector, SegmentDescriptor descriptor)
    {
        cpu->Registers.Ss = selector;
        cpu->Ss = Segment.From(selector, descriptor);
        cpu->StackMask = descriptor.IsBig ? uint.MaxValue : 0xFFFF;
        CpuState.OwnerOf(cpu).SegmentsChanged();
    }

    public static void SetData(CpuState* cpu, int segment, Segment value)
    {
        *SelectorOf(cpu, segment) = value.Selector;
        *CpuState.SegmentOf(cpu, segment) = value;
        CpuState.OwnerOf(cpu).SegmentsChanged();
    }

    /// <summary>After a return to an outer level: data segments that the new level may not use become null, and null selectors lose their privilege bits (Intel SDM volume 2, RET).</summary>
    public static void DropPrivilegedData(CpuState* cpu)
    {
        foreach (byte segment in (ReadOnlySpan<byte>)[SegmentNumber.Es, SegmentNumber.Ds, SegmentNumber.Fs, SegmentNumber.Gs])
        {
            ushort selector = *SelectorOf(cpu, segment);
            if (selector == 0) continue;
            if (SegmentRules.IsNull(selector)
                || !TryFind(cpu, selector, out SegmentDescriptor descriptor)
                || !descriptor.IsConforming && descriptor.PrivilegeLevel < cpu->PrivilegeLevel)
                SetData(cpu, segment, Segment.Null(0));
        }
    }

    public static ushort* SelectorOf(CpuState* cpu, int segment) => segment switch
    {
        SegmentNumber.Es => &cpu->Registers.Es,
        SegmentNumber.Cs => &cpu->Registers.Cs,
        SegmentNumber.Ss => &cpu->Registers.Ss,
        SegmentNumber.Ds => &cpu->Registers.Ds,
        SegmentNumber.Fs => &cpu->Registers.Fs,
        _ => &cpu->Registers.Gs,
    };
}
