using System.Diagnostics.CodeAnalysis;
using LguestPS.Abi;
using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Devices;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.Networks;
using LguestPS.Networks.User;
using LguestPS.Paging;
using LguestPS.Segments;
using LguestPS.Symbols;

namespace LguestPS.Boot;

/// <summary>Builds a guest from its definition: checks everything, then opens the files, then lays out memory.</summary>
internal static class GuestBuilder
{
    /// <exception cref="LguestException">See <see cref="Guest.Create"/>.</exception>
    public static Guest Build(GuestDefinition definition) => Build(definition, makeCpu: null);

    /// <param name="definition">What to build.</param>
    /// <param name="makeCpu">Makes the vCPU instead of the one the definition asks for.</param>
    internal static Guest Build(GuestDefinition definition, Func<GuestMemory, GuestClock, VirtualCpu>? makeCpu) => Build(definition, kernel: null, makeCpu);

    /// <param name="definition">What to build.</param>
    /// <param name="kernel">The kernel instead of the one the definition names.</param>
    /// <param name="makeCpu">Makes the vCPU instead of the one the definition asks for.</param>
    /// <param name="makeTransport">Makes the way to the devices instead of the one of the guest's era.</param>
    internal static Guest Build(
        GuestDefinition definition, KernelImage? kernel, Func<GuestMemory, GuestClock, VirtualCpu>? makeCpu, Func<DeviceSet, IDeviceTransport>? makeTransport = null)
    {
        AbiProfile? asked = Check(definition);
        KernelIdentity? identity = kernel is null ? KernelIdentity.Of(definition.Kernel) : null;
        BootMemory boot = PlanMemory(definition, asked, ref kernel, out GuestSymbols symbols);
        uint entry = kernel.Entry;
        PageTableFormat tables = kernel.Tables;
        AbiProfile abi = kernel.Abi;
        (Func<string> cpuReason, Func<GuestMemory, GuestClock, VirtualCpu> factory) = makeCpu is null ? CpuSelection.Choose(definition, abi) : (() => "given by the caller", makeCpu);
        // A guest that is built again from this one's checkpoint may no longer have a kernel file that tells its era.
        definition = definition with { Abi = abi.Name };
        makeTransport ??= devices => Transports.Make(abi, devices);
        return Assemble(definition, abi, cpuReason, factory, makeTransport, kernel.PageOffset, symbols, isAlone: false, guest =>
        {
            boot.CopyTo(guest.Memory);
            guest.Machine.SetPageTableFormat(tables);
            guest.Machine.SetPageDirectory(boot.PageDirectory);
            SetFirstRegisters(ref guest.Cpu.Registers, entry, abi.Boot);
            guest.Machine.Boot = BootImage.Of(guest.Machine);
            guest.Machine.Kernel = identity;
            if (definition.Record) guest.Record();
        });
    }

    /// <summary>Builds the guest of a checkpoint as far as its state can be put into it.</summary>
    /// <param name="definition">What it is.</param>
    /// <param name="checkpoint">Where its state is.</param>
    /// <param name="isAlone">Whether its networks lead nowhere.</param>
    /// <param name="disks">What was read of its disks' images, in their order, for where these are not here; null for nothing.</param>
    /// <param name="basis">Memory that it shares with others until it writes there; null for its own.</param>
    /// <exception cref="LguestException">See <see cref="Guest.CreateFrom"/>.</exception>
    internal static Guest BuildEmpty(GuestDefinition definition, Checkpoint checkpoint, bool isAlone, IReadOnlyList<RecordedDisk?>? disks = null, SharedMemory? basis = null)
    {
        bool asksForSymbols = definition.Symbols != checkpoint.Definition.Symbols;
        definition = definition with
        {
            Devices = [.. definition.Devices.Select(device => FindMoved(device, checkpoint.Path))],
            Symbols = definition.Symbols is { } file && File.Exists(file) ? file : null,
        };
        AbiProfile abi = Check(definition) ?? AbiProfile.Find(AbiProfile.DefaultName)!;
        (Func<string> cpuReason, Func<GuestMemory, GuestClock, VirtualCpu> factory) = CpuSelection.Choose(definition, abi);
        // What somebody asks for goes before what the file brought along, and that before what may lie around here.
        GuestSymbols symbols = asksForSymbols ? GuestSymbols.Of(definition.Symbols, definition.Kernel, checkpoint.PageOffset)
            : checkpoint.Source?.Machine.Symbols is { } own ? GuestSymbols.Of(own)
            : checkpoint.Symbols is { } brought ? GuestSymbols.Of(brought, checkpoint.PageOffset)
            : GuestSymbols.Of(definition.Symbols, definition.Kernel, checkpoint.PageOffset);
        return Assemble(
            definition, abi, cpuReason, factory, devices => Transports.Make(abi, devices), checkpoint.PageOffset, symbols, isAlone,
            guest => guest.Machine.Kernel = checkpoint.Source?.Machine.Kernel ?? KernelIdentity.Known(checkpoint.Origin?.KernelSha256), disks, basis);
    }

    private static Guest Assemble(
        GuestDefinition definition, AbiProfile abi, Func<string> cpuReason, Func<GuestMemory, GuestClock, VirtualCpu> makeCpu,
        Func<DeviceSet, IDeviceTransport> makeTransport, uint pageOffset, GuestSymbols symbols, bool isAlone, Action<Guest> boot,
        IReadOnlyList<RecordedDisk?>? recordedDisks = null, SharedMemory? basis = null)
    {
        Stack<IDisposable> opened = new();
        try
        {
            HostSockets sockets = new(definition.Limits.Sockets);
            DeviceSet devices = new(OpenDevices(definition, sockets, isAlone, opened, recordedDisks));
            IDeviceTransport transport = makeTransport(devices);
            GuestMemory memory = Allocate((uint)definition.Memory, transport, basis);
            opened.Push(memory);
            transport.Describe(memory);

            SharedNetwork[] networks = [.. devices.Networks.OfType<SharedWire>().Select(card => card.Network).OfType<SharedNetwork>()];
            int slots = 0;
            foreach (SharedNetwork network in networks) slots += network.Slot;
            GuestClock clock = MakeClock(definition.Clock, later: TimeSpan.FromSeconds(slots));
            opened.Push(clock);
            VirtualCpu cpu = makeCpu(memory, clock);
            opened.Push(cpu);
            clock.Cpu = cpu;

            ushort id = GuestIds.Choose(definition.Clock, networks);
            Machine machine = new(definition.Name, abi, memory, clock, cpu)
            {
                PageOffset = pageOffset, Symbols = symbols, Id = id, ShowsTimeStampCounter = definition.Tsc == TscChoice.Auto,
            };
            Guest guest = new(definition, machine, cpuReason, devices, transport);
            sockets.Warning = guest.DeviceHost.Warn;
            boot(guest);
            return guest;
        }
        catch
        {
            while (opened.TryPop(out IDisposable? open)) open.Dispose();
            throw;
        }
    }

    private static DeviceDefinition FindMoved(DeviceDefinition device, string? checkpoint) => device switch
    {
        BlockDefinition disk => disk with { Path = FindMoved(disk.Path, checkpoint) },
        UserNetDefinition { Replay: { } frames } net => net with { Replay = FindMoved(frames, checkpoint) },
        _ => device,
    };

    /// <summary>A file that came along with a checkpoint to another machine lies beside it.</summary>
    private static string FindMoved(string file, string? checkpoint)
    {
        if (checkpoint is null || File.Exists(file)) return file;
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(checkpoint))!, Path.GetFileName(file));
        return File.Exists(beside) ? beside : file;
    }

    /// <summary>What building this guest would load where. Opens its images, not its disks.</summary>
    /// <exception cref="LguestException">As for building it.</exception>
    public static LoadPlan Plan(GuestDefinition definition)
    {
        AbiProfile? asked = Check(definition);
        KernelImage? kernel = null;
        BootMemory boot = PlanMemory(definition, asked, ref kernel, out _);
        (Func<string> cpuReason, _) = CpuSelection.Choose(definition, kernel.Abi);
        return new LoadPlan(boot.Parts().ToArray(), kernel.Entry, kernel.PageOffset, kernel.Abi.Name, cpuReason());
    }

    private static BootMemory PlanMemory(GuestDefinition definition, AbiProfile? asked, [NotNull] ref KernelImage? kernel, out GuestSymbols symbols)
    {
        kernel ??= KernelImage.Load(definition.Kernel, definition.Memory, asked);
        symbols = GuestSymbols.Of(definition.Symbols, definition.Kernel, kernel.PageOffset);
        byte[]? initrd = definition.Initrd is { } path ? BootFile.Read(path, "initrd", definition.Memory) : null;
        return new BootMemory(kernel, initrd, definition);
    }

    /// <returns>The profile that the definition asks for; null for the kernel's own.</returns>
    private static AbiProfile? Check(GuestDefinition definition)
    {
        foreach ((_, string problem) in definition.Validate())
            throw new LguestException(LguestError.InvalidDefinition, $"{(definition.Source is { } source ? $"{source}: " : "")}{problem}") { Path = definition.Source };

        return definition.Abi == AbiProfile.Automatic ? null : AbiProfile.Find(definition.Abi)!;
    }

    private static List<DeviceFunction> OpenDevices(GuestDefinition definition, HostSockets sockets, bool isAlone, Stack<IDisposable> opened, IReadOnlyList<RecordedDisk?>? recordedDisks)
    {
        List<DeviceFunction> devices = [];
        int disks = 0, nets = 0;
        foreach (DeviceDefinition device in definition.Devices)
        {
            DeviceFunction made = device switch
            {
                ConsoleDefinition => new ConsoleFunction(),
                EntropyDefinition => new EntropyFunction(definition.Clock == ClockKind.Host ? null : definition.Name),
                BlockDefinition block => new DiskFunction($"block{disks}", block, recordedDisks?.ElementAtOrDefault(disks)),
                SharedNetDefinition when isAlone => new SharedWire(nets++, network: null),
                SharedNetDefinition net => new SharedWire(nets++, SharedNetwork.Join(net.Path)),
                HostNetDefinition net when isAlone => HostWire.Silent(nets++, net),
                HostNetDefinition net => HostWire.Open(nets++, net, sockets, definition.Name),
                _ => throw new LguestException(LguestError.NotSupported, $"unknown device {device}"),
            };
            if (made is DiskFunction) disks++;
            opened.Push(made);
            devices.Add(made);
        }
        return devices;
    }

    private static GuestMemory Allocate(uint ramBytes, IDeviceTransport transport, SharedMemory? basis)
    {
        try
        {
            return new GuestMemory(ramBytes, transport.Pages, transport.DeviceBytes, basis);
        }
        catch (Exception e) when (e is OutOfMemoryException or IOException)
        {
            throw new LguestException(LguestError.NotSupported, $"this machine cannot give {ramBytes >> 20} MiB for the guest's memory; ask for less", e);
        }
    }

    private static GuestClock MakeClock(ClockKind kind, TimeSpan later) => kind switch
    {
        ClockKind.Virtual => new VirtualClock { Later = later },
        ClockKind.Events => new EventClock { Later = later },
        _ => new HostClock(),
    };

    private static void SetFirstRegisters(ref GuestRegisters registers, uint entry, BootRules rules)
    {
        // Later kernels' first code may use fs and gs before it has loaded them, for a stack protector.
        ushort extra = rules.EntersAtEntryPoint ? DescriptorTable.KernelDataSelector : (ushort)0;
        registers = new GuestRegisters
        {
            Eip = entry,
            Eflags = Eflags.AlwaysOne | Eflags.Interrupt,
            Cs = DescriptorTable.KernelCodeSelector,
            Ss = DescriptorTable.KernelDataSelector,
            Ds = DescriptorTable.KernelDataSelector,
            Es = DescriptorTable.KernelDataSelector,
            Fs = extra,
            Gs = extra,
        };
    }
}
