namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>Descriptors that a process can have of its own, all of ring 3.</summary>
internal static class LocalSegments
{
    public const int Short = 0, Down = 1, ReadOnly = 2, ReadableCode = 3, ExecuteOnly = 4, ShortCode = 5, Missing = 6, ShortStack = 7, Down16 = 8, PageCode = 9, Stack16 = 10,
        MissingCode = 11, Down32Stack = 12, PageShort = 13;

    /// <summary>Where <see cref="Short"/> begins, and the last of its 256 bytes.</summary>
    public const uint ShortBase = Oracle.DataBase + 0x100, ShortLimit = 0xFF;

    /// <summary>Where the segments for code begin, and the limit of <see cref="ShortCode"/>.</summary>
    public const uint CodeBase = Oracle.CodeBase, CodeLimit = 0x17F;

    private const uint Usual = UserSegment.Is32Bit | UserSegment.Usable;

    public static readonly UserSegment[] All =
    [
        new(0, ShortBase, ShortLimit, Usual),
        new(0, Oracle.DataBase, 0xFF, Usual | UserSegment.ExpandDown),
        new(0, Oracle.DataBase, 0xFFF, Usual | UserSegment.ReadOnly),
        new(0, Oracle.DataBase, 0xFFF, Usual | UserSegment.IsCode),
        new(0, Oracle.CodeBase, 0xFFF, Usual | UserSegment.IsCode | UserSegment.ReadOnly),
        new(0, CodeBase, CodeLimit, Usual | UserSegment.IsCode),
        new(0, Oracle.DataBase, 0xFFF, Usual | UserSegment.NotPresent),
        new(0, Oracle.DataBase, 0xFF, Usual),
        new(0, Oracle.DataBase, 0xFF, UserSegment.Usable | UserSegment.ExpandDown),
        new(0, CodeBase, 0xFFF, Usual | UserSegment.IsCode),
        new(0, Oracle.DataBase - 0xF000, 0xFFFF, UserSegment.Usable),
        new(0, CodeBase, 0xFFF, Usual | UserSegment.IsCode | UserSegment.NotPresent),
        new(0, Oracle.DataBase - 0x1000, 0x10FF, Usual | UserSegment.ExpandDown),
        new(0, Oracle.DataBase + 0x1000, 0x1FFF, Usual),
    ];
}
