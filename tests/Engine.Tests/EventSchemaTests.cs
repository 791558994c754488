using System.Reflection;
using System.Runtime.CompilerServices;
using LguestPS.Abi;
using LguestPS.Events;
using LguestPS.State;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The tables from which every output of events follows have all there is.</summary>
public class EventSchemaTests
{
    public static TheoryData<EventKinds> Kinds => new(Enum.GetValues<EventKinds>().Where(kind => kind is not EventKinds.None and not EventKinds.All));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_has_a_table(EventKinds kind)
    {
        EventSchema schema = EventSchemas.Find(kind)!;
        Assert.Equal(kind, schema.Kind);
        Assert.True(schema.EventType.IsSealed && schema.EventType.IsSubclassOf(typeof(LguestEvent)));
    }

    [Fact]
    public void No_two_kinds_at_once_have_a_table() =>
        Assert.All([EventKinds.None, EventKinds.All, EventKinds.Trap | EventKinds.Dma], kind => Assert.Null(EventSchemas.Find(kind)));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_property_that_an_event_is_made_with_is_written_down(EventKinds kind)
    {
        EventSchema schema = EventSchemas.Find(kind)!;
        IEnumerable<string> required = Properties(schema.EventType).Where(property => property.GetCustomAttribute<RequiredMemberAttribute>() is not null).Select(property => property.Name);
        Assert.Empty(required.Except(schema.Fields.Where(field => field.IsStored).Select(field => field.Name)));
    }

    /// <summary>The place in the run follows from what every event has.</summary>
    private const string Derived = nameof(LguestEvent.Position);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_public_property_is_a_field_and_every_field_a_property(EventKinds kind)
    {
        EventSchema schema = EventSchemas.Find(kind)!;
        string[] names = [.. schema.Fields.Select(field => field.Name)];
        Assert.Equal(names.Distinct(), names);
        Assert.Empty(Properties(schema.EventType).Where(property => property.GetMethod!.IsPublic).Select(property => property.Name).Except([.. names, Derived]));
        Assert.All(names, name => Assert.NotNull(schema.EventType.GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)));
    }

    public static TheoryData<string> Events => new(Examples().Select(happened => happened.ToString()));

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_is_read_as_it_was_written(string named)
    {
        LguestEvent happened = Examples().First(example => example.ToString() == named);
        StateWriter writer = new();
        EventCodec.Write(writer, happened);
        StateReader reader = new(writer.ToArray(), []);
        LguestEvent read = EventCodec.Read(reader, new EventOrigin("g", Profile, Symbols: null));
        Assert.Equal(0, reader.Left);
        Assert.Equal((happened.GetType(), happened.ToString(), EventText.Of(happened)), (read.GetType(), read.ToString(), EventText.Of(read)));
        foreach (PropertyInfo property in Properties(happened.GetType()).Where(property => property.PropertyType.IsValueType || property.PropertyType == typeof(string)))
            Assert.Equal(property.GetValue(happened), property.GetValue(read));
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void The_essence_of_an_event_leaves_out_the_hosts_time_and_the_bytes(string named)
    {
        LguestEvent happened = Examples().First(example => example.ToString() == named);
        StateWriter writer = new();
        EventCodec.WriteEssence(writer, happened);
        StateReader reader = new(writer.ToArray(), []);
        LguestEvent read = EventCodec.Read(reader, new EventOrigin("g", Profile, Symbols: null), whole: false);
        Assert.Equal(0, reader.Left);
        Assert.Equal((default, happened.Summary), (read.HostTime, read.Summary));
        if (read is DmaEvent dma) Assert.Empty(dma.Data);
    }

    private static AbiProfile Profile => AbiProfile.All.Single(profile => profile.Name == AbiProfile.DefaultName);

    private static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties(BindingFlags.Instance | BindingFlags.Public);

    private static LguestEvent[] Examples()
    {
        EventHeader header = new(7, new EventOrigin("g", Profile, Symbols: null), TimeSpan.FromMicroseconds(12), new DateTime(2007, 10, 9, 20, 31, 38, DateTimeKind.Utc));
        return
        [
            new HypercallEvent { Header = header, Call = new Hypercall(Profile.FindCall(12), 12, (1, 2, 3, 4), 63, 0xC0001234, null), Result = 5, PointedAt = null },
            new HypercallEvent { Header = header, Call = new Hypercall(null, 999, (1, 2, 3, 4), null, 0xC0001234, null), Result = null, PointedAt = [1, 2] },
            new DmaEvent
            {
                Header = header, Direction = DmaDirection.Receive, Key = 1, Address = 2, Device = "block0", UsedLength = 5,
                Sections = [new DmaSection(0x1000, 3, [1, 2, 3]), new DmaSection(0x2000, 2, [4, 5])],
            },
            new DmaEvent { Header = header, Direction = DmaDirection.Send, Key = 8, Address = 2, Device = null, UsedLength = null, Sections = [] },
            new TrapEvent { Header = header, Vector = 14, ErrorCode = 2, Address = 0xDEAD0000, Eip = 0xC0001234, PrivilegeLevel = 3, Outcome = TrapOutcome.Reflected },
            new TrapEvent { Header = header, Vector = 7, ErrorCode = null, Address = null, Eip = 0xC0001234, PrivilegeLevel = 1, Outcome = TrapOutcome.FpuGranted },
            new TrapEvent
            {
                Header = header, Vector = 14, ErrorCode = 2, Address = 0xDEAD0000, Eip = 0xC0001234, PrivilegeLevel = 1, Outcome = TrapOutcome.DeviceAccessed,
                Accessed = new RegisterAccess(IsWrite: true, 1, 0x0F) { Device = "block0", Register = "device_status", PhysicalAddress = 0x04100014 },
            },
            new TrapEvent
            {
                Header = header, Vector = 13, ErrorCode = 0, Address = null, Eip = 0xC0001234, PrivilegeLevel = 1, Outcome = TrapOutcome.PortAccessed,
                Accessed = new RegisterAccess(IsWrite: false, 4, 0x10431AF4) { Port = 0xCFC },
            },
            new InterruptEvent { Header = header, Irq = 31, Eip = 0xC0001234 },
            new InterventionEvent
            {
                Header = header, Operation = InterventionOperation.SetMemory, By = "a test", Eip = 4,
                Changes = [new InterventionChange("0x10", 0x10, [1], [2]), new InterventionChange("eax", null, [1, 0, 0, 0], [2, 0, 0, 0])],
            },
            new InterventionEvent { Header = header, Operation = InterventionOperation.SkipHypercall, By = "a test", Eip = 4, Changes = [], Call = "TS(set=1)", Result = 9 },
            new GuestRebootedEvent { Header = header, Reboots = 1, Eip = 0xC0001234 },
            new GuestRebootedEvent { Header = header, Reboots = 2, By = "a test", Eip = 0xC0001234 },
            new GuestEndedEvent { Header = header, Ending = EndingKind.PowerDown, Reason = "Power down", Eip = 0xC0001234 },
        ];
    }
}
