using System.Globalization;
using LguestPS.Abi;
using LguestPS.Cpu;
using LguestPS.Segments;

namespace LguestPS.Inspection;

/// <summary>Every register by its name: how it is read, shown and set.</summary>
internal static class RegisterFile
{
    private const uint SettableFlags = Eflags.Carry | Eflags.Parity | Eflags.Adjust | Eflags.Zero | Eflags.Sign | Eflags.Trap
        | Eflags.Direction | Eflags.Overflow | Eflags.NestedTask | Eflags.AlignmentCheck | Eflags.Identification;

    private static readonly (uint Bit, string Name)[] FlagNames =
    [
        (Eflags.Carry, "CF"), (Eflags.Parity, "PF"), (Eflags.Adjust, "AF"), (Eflags.Zero, "ZF"), (Eflags.Sign, "SF"), (Eflags.Trap, "TF"),
        (Eflags.Interrupt, "IF"), (Eflags.Direction, "DF"), (Eflags.Overflow, "OF"), (Eflags.NestedTask, "NT"), (Eflags.Resume, "RF"),
        (Eflags.Virtual8086, "VM"), (Eflags.AlignmentCheck, "AC"), (Eflags.Identification, "ID"),
    ];

    private static readonly Register[] Integers =
    [
        new("eax", RegisterGroup.General, r => r.Eax, (ref GuestRegisters r, uint value) => r.Eax = value),
        new("ebx", RegisterGroup.General, r => r.Ebx, (ref GuestRegisters r, uint value) => r.Ebx = value),
        new("ecx", RegisterGroup.General, r => r.Ecx, (ref GuestRegisters r, uint value) => r.Ecx = value),
        new("edx", RegisterGroup.General, r => r.Edx, (ref GuestRegisters r, uint value) => r.Edx = value),
        new("esi", RegisterGroup.General, r => r.Esi, (ref GuestRegisters r, uint value) => r.Esi = value),
        new("edi", RegisterGroup.General, r => r.Edi, (ref GuestRegisters r, uint value) => r.Edi = value),
        new("ebp", RegisterGroup.General, r => r.Ebp, (ref GuestRegisters r, uint value) => r.Ebp = value),
        new("esp", RegisterGroup.General, r => r.Esp, (ref GuestRegisters r, uint value) => r.Esp = value),
        new("eip", RegisterGroup.General, r => r.Eip, (ref GuestRegisters r, uint value) => r.Eip = value),
        new("eflags", RegisterGroup.Flags, r => r.Eflags, (ref GuestRegisters r, uint value) => r.Eflags = value),
        new("cs", RegisterGroup.Segment, r => r.Cs, (ref GuestRegisters r, uint value) => r.Cs = (ushort)value),
        new("ss", RegisterGroup.Segment, r => r.Ss, (ref GuestRegisters r, uint value) => r.Ss = (ushort)value),
        new("ds", RegisterGroup.Segment, r => r.Ds, (ref GuestRegisters r, uint value) => r.Ds = (ushort)value),
        new("es", RegisterGroup.Segment, r => r.Es, (ref GuestRegisters r, uint value) => r.Es = (ushort)value),
        new("fs", RegisterGroup.Segment, r => r.Fs, (ref GuestRegisters r, uint value) => r.Fs = (ushort)value),
        new("gs", RegisterGroup.Segment, r => r.Gs, (ref GuestRegisters r, uint value) => r.Gs = (ushort)value),
    ];

    private delegate void Writer(ref GuestRegisters registers, uint value);

    /// <summary>Every name, in the order registers are listed.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Integers.Select(register => register.Name), .. FloatingPointFile.Names, .. VectorFile.Names];

    /// <summary>The value of a general register, eip or cr3 (the page directory in use), for an address; null for any other name.</summary>
    public static uint? TryRead(Guest guest, string name)
    {
        if (Same(name, "cr3")) return guest.Machine.PageDirectory;
        return Find(name) is { Group: RegisterGroup.General } register ? register.Read(guest.Cpu.Registers) : null;
    }

    /// <summary>Sets a general register, or of eflags what a program may set, to any value.</summary>
    /// <returns>False for any other name; nothing is changed then.</returns>
    public static bool TryWrite(Guest guest, string name, uint value)
    {
        if (Find(name) is not { Group: RegisterGroup.General or RegisterGroup.Flags } register) return false;
        ref GuestRegisters registers = ref guest.Cpu.Registers;
        register.Write(ref registers, register.Group == RegisterGroup.Flags ? registers.Eflags & ~SettableFlags | value & SettableFlags : value);
        return true;
    }

    public static IEnumerable<GuestRegister> All(Guest guest)
    {
        GuestRegisters registers = guest.Cpu.Registers;
        IEnumerable<GuestRegister> integers = Integers.Select(register => Show(guest, register, register.Read(registers)));
        return guest.Cpu.FloatingPoint is { } state ? integers.Concat(FloatingPointFile.All(guest, state)).Concat(VectorFile.All(guest, state)) : integers;
    }

    /// <summary>Checks a new value and gives what setting it would change; <paramref name="apply"/> then does it.</summary>
    /// <exception cref="LguestException">InvalidValue: there is no such register, or the guest may not have that value.</exception>
    public static InterventionChange Prepare(Guest guest, string name, object value, out Action apply)
    {
        if (VectorFile.Names.Contains(name, StringComparer.OrdinalIgnoreCase)) return VectorFile.Prepare(guest, name, value, out apply);
        if (Find(name) is not { } register) return FloatingPointFile.Prepare(guest, name, value, out apply);

        uint wanted = RegisterNumber.From(guest, register.Name, value);
        uint before = register.Read(guest.Cpu.Registers);
        Check(guest, register, before, wanted);
        apply = () => register.Write(ref guest.Cpu.Registers, wanted);
        return register.Group == RegisterGroup.Segment
            ? new InterventionChange(register.Name, null, BitConverter.GetBytes((ushort)before), BitConverter.GetBytes((ushort)wanted))
            : new InterventionChange(register.Name, null, BitConverter.GetBytes(before), BitConverter.GetBytes(wanted));
    }

    private static Register? Find(string name) => Array.Find(Integers, register => Same(register.Name, name));

    private static bool Same(string name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    private static GuestRegister Show(Guest guest, Register register, uint value) => new()
    {
        Guest = guest.Name, Name = register.Name, Group = register.Group, Value = value,
        Bits = register.Group == RegisterGroup.Segment ? $"0x{value:x4}" : $"0x{value:x8}",
        Meaning = register.Group switch
        {
            RegisterGroup.Flags => string.Join(' ', FlagNames.Where(flag => (value & flag.Bit) != 0).Select(flag => flag.Name)),
            RegisterGroup.Segment => Selector(guest, value),
            _ => guest.Machine.Symbols?.Describe(value),
        },
    };

    private static string Selector(Guest guest, uint selector)
    {
        if (SegmentRules.IsNull(selector)) return "null";
        uint index = selector >> 3;
        string descriptor = (selector & 4) != 0 ? "of the LDT, which does not exist"
            : index >= DescriptorTable.Entries ? "outside the GDT" : ArgumentText.Descriptor(guest.Machine.Descriptors.Descriptors[(int)index]);
        return $"GDT {index}, ring {selector & 3}: {descriptor}";
    }

    private static void Check(Guest guest, Register register, uint before, uint wanted)
    {
        switch (register.Group)
        {
            case RegisterGroup.Flags when (before ^ wanted) is var changed && (changed & ~SettableFlags) != 0:
                throw Invalid($"eflags 0x{wanted:x8} would change bits 0x{changed & ~SettableFlags:x8}, which no guest can; the guest's own interrupt flag is irq_enabled in lguest_data");
            case RegisterGroup.Segment:
                CheckSelector(guest, register.Name, wanted);
                break;
        }
    }

    /// <summary>The rules a guest's own instructions are held to (Intel SDM volume 3, chapter 5): an inner ring cannot be reached this way.</summary>
    private static void CheckSelector(Guest guest, string name, uint selector)
    {
        int ring = guest.Cpu.Registers.PrivilegeLevel;
        bool isCode = name == "cs", isStack = name == "ss";
        if (selector > ushort.MaxValue) throw Invalid($"{name} has 16 bits; 0x{selector:x} does not fit");
        if (SegmentRules.IsNull(selector))
        {
            if (isCode || isStack) throw Invalid($"{name} cannot be null");
            return;
        }
        ReadOnlySpan<ulong> table = guest.Machine.Descriptors.Descriptors;
        if (!SegmentRules.TryFind(table, selector, out SegmentDescriptor descriptor) || !descriptor.IsPresent || !descriptor.IsCodeOrData) throw Invalid($"0x{selector:x} selects no present code or data segment of the guest's GDT");
        bool allowed = isCode ? SegmentRules.MayHoldCode(descriptor, selector, ring)
            : isStack ? SegmentRules.MayHoldStack(descriptor, selector, ring)
            : SegmentRules.MayHoldData(descriptor, selector, ring);
        if (!allowed) throw Invalid($"{name} cannot hold 0x{selector:x} ({ArgumentText.Descriptor(table[(int)(selector >> 3)])}) in ring {ring}");
    }

    private static LguestException Invalid(string problem) => new(LguestError.InvalidValue, problem);

    private sealed record Register(string Name, RegisterGroup Group, Func<GuestRegisters, uint> Read, Writer Write);
}

/// <summary>What a user gives as the value of a register.</summary>
internal static class RegisterNumber
{
    /// <summary>A number of 32 bits: any integer type, negative ones included, or an address expression.</summary>
    /// <exception cref="LguestException">InvalidValue or InvalidAddress.</exception>
    public static uint From(Guest guest, string register, object value) => value switch
    {
        string text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => From(guest, register, number),
        string text => AddressExpression.Evaluate(guest, text, physical: false),
        sbyte or short or int or long => Convert.ToInt64(value, CultureInfo.InvariantCulture) is >= int.MinValue and <= uint.MaxValue and var number
            ? (uint)number : throw TooLarge(register, value),
        byte or ushort or uint => Convert.ToUInt32(value, CultureInfo.InvariantCulture),
        double whole when whole == Math.Floor(whole) && whole is >= int.MinValue and <= uint.MaxValue => (uint)(long)whole,
        _ => throw TooLarge(register, value),
    };

    private static LguestException TooLarge(string register, object value) =>
        new(LguestError.InvalidValue, string.Create(CultureInfo.InvariantCulture, $"'{value}' is not a value for {register}: give a whole number of 32 bits, a symbol or a register"));
}
