using System.Text;
using LguestPS.Abi;
using LguestPS.Boot;
using LguestPS.Cpu;
using LguestPS.Cpu.Scripted;
using LguestPS.Devices.Virtio;
using LguestPS.Devices.Virtio.Pci;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS;

/// <summary>What a guest does, trap by trap: a guest made from this has no kernel and executes no instruction, yet to its host it is a guest like any other.</summary>
/// <remarks>The host's rules hold: a call may kill the guest, a trap without a gate does. After the last step the guest has nothing to run and is killed.</remarks>
public sealed class GuestScript
{
    /// <summary>First linear address of the mapping of all memory.</summary>
    public const uint PageOffset = 0xC0000000;

    /// <summary>Guest-physical address of the lguest_data that <see cref="Initialise"/> announces.</summary>
    public const uint DataAddress = 0x10000;

    /// <summary>Guest-physical address after the ring-1 stack that <see cref="Initialise"/> sets.</summary>
    public const uint StackTop = 0x20000;

    /// <summary>From here to the end of memory everything is free for the script's own use; texts and buffers it needs are taken from the end.</summary>
    public const uint FreeMemory = 0x20000;

    /// <summary>RAM of the guest in bytes.</summary>
    public const uint MemorySize = 4 << 20;

    private const uint PowerOffReason = 1;      // of SHUTDOWN
    private const uint TextArea = 0x100000;
    private const uint TextAreaEnd = MemorySize - 0x10000;

    // One table maps all of memory.
    private const uint PageTable = TextAreaEnd;
    private const uint PageDirectory = PageTable + GuestMemory.PageSize;

    private readonly AbiProfile abi;
    private readonly List<Step> steps = [];
    private uint nextText = TextArea;
    private int nextSlot;

    /// <param name="abi">Name of the ABI profile the guest speaks.</param>
    /// <exception cref="LguestException">InvalidDefinition: there is no such profile.</exception>
    public GuestScript(string abi = AbiProfile.DefaultName)
    {
        this.abi = AbiProfile.Find(abi) ?? throw Invalid($"unknown ABI profile '{abi}'{DefinitionText.Instead(abi, [.. AbiProfile.All.Select(profile => profile.Name)])}");
    }

    /// <summary>Frees the ring, calls LGUEST_INIT, names page tables where the era's host has made none for <see cref="PageOffset"/>, and sets a ring-1 stack.</summary>
    public GuestScript Initialise()
    {
        GuestDataLayout layout = abi.Data;
        Does(stage =>
        {
            stage.Memory.Write(DataAddress + layout.HcallStatus, GuestDataLayout.RingSize).Fill(GuestData.HypercallFree);
            if (layout.KernelAddress is { } kernelAddress) stage.Memory.Write32(DataAddress + kernelAddress, PageOffset);
            if (layout.SyscallVec is { } syscallVec) stage.Memory.Write32(DataAddress + syscallVec, EraSigns.SystemCallVector);
            stage.Cpu.Registers.Esp = PageOffset + StackTop;
        });
        Hypercall("LGUEST_INIT", DataAddress);
        if (!abi.Boot.MapsPageOffset) Does(stage => MapAll(stage.Memory)).Hypercall("NEW_PGTABLE", PageDirectory);
        return Hypercall("SET_STACK", DescriptorTable.KernelDataSelector, PageOffset + StackTop, 1);
    }

    /// <summary>Maps all memory at the page offset and where it is, as kernels do that find it only there.</summary>
    private static void MapAll(GuestMemory memory)
    {
        const uint Mapped = PageFlags.Present | PageFlags.Writable | PageFlags.User;
        for (uint page = 0; page < MemorySize / GuestMemory.PageSize; page++) memory.Write32(PageTable + page * sizeof(uint), page * GuestMemory.PageSize | Mapped);
        foreach (uint slot in (uint[])[0, PageOffset / MemorySize]) memory.Write32(PageDirectory + slot * sizeof(uint), PageTable | Mapped);
    }

    /// <summary>Traps with a hypercall.</summary>
    /// <param name="name">Its name or number.</param>
    /// <param name="arguments">Up to as many as the profile has argument registers.</param>
    /// <exception cref="LguestException">InvalidDefinition: the profile has no such call, or fewer argument registers.</exception>
    public GuestScript Hypercall(string name, params uint[] arguments)
    {
        uint number = Number(name, arguments);
        return Does(stage => stage.LoadCall(number, arguments), CpuExit.Trap(Vector.Hypercall));
    }

    /// <summary>Leaves a hypercall in the next slot of the asynchronous ring; it is done when the next direct call drains the ring.</summary>
    /// <inheritdoc cref="Hypercall"/>
    public GuestScript Ring(string name, params uint[] arguments)
    {
        uint number = Number(name, arguments);
        uint slot = (uint)(nextSlot++ % GuestDataLayout.RingSize);
        GuestDataLayout layout = abi.Data;
        uint words = (uint)layout.RingOrder.Count + 1;
        List<ArgumentRegister> registers = [.. abi.Arguments];
        uint entry = DataAddress + layout.Hcalls + slot * words * 4;
        return Does(stage =>
        {
            stage.Memory.Write32(entry, number);
            for (int i = 0; i < layout.RingOrder.Count; i++)
            {
                int index = registers.IndexOf(layout.RingOrder[i]);
                stage.Memory.Write32(entry + 4 + (uint)i * 4, index >= 0 && index < arguments.Length ? arguments[index] : 0);
            }
            stage.Memory.Write8(DataAddress + layout.HcallStatus + slot, 0);
        });
    }

    /// <summary>Prints on the console: a SEND_DMA to key 0 or, in later eras, what kernels do before there is a driver: a NOTIFY of the text or, with devices on PCI, an <c>out</c> for each character.</summary>
    /// <param name="text">Written as UTF-8; at most 4096 bytes, none of them 0 in the eras of NOTIFY.</param>
    /// <param name="ring">Leave the call in the ring instead of trapping with it; not with devices on PCI, where no call prints.</param>
    /// <exception cref="LguestException">InvalidDefinition: that cannot be printed so.</exception>
    public GuestScript Print(string text, bool ring = false)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length is 0 or > 4096) throw Invalid($"a text to print has 1 to 4096 bytes; this one has {bytes.Length}");
        if (abi.Dma is not { } layout) return PrintEarly(bytes, ring);
        uint dma = TakeText(DmaLayout.Size);
        uint data = TakeText((uint)bytes.Length);
        Does(stage =>
        {
            stage.Memory.Write(data, bytes);
            stage.Memory.Write(dma, DmaLayout.Size).Clear();
            stage.Memory.Write32(dma + layout.Addresses, data);
            stage.Memory.Write16(dma + layout.Lengths, (ushort)bytes.Length);
        });
        return ring ? Ring("SEND_DMA", 0, dma) : Hypercall("SEND_DMA", 0, dma);
    }

    private GuestScript PrintEarly(byte[] text, bool ring)
    {
        if (abi.Pci is not null) return PrintToWindow(text, ring);
        if (text.Contains((byte)0)) throw Invalid("a text to print has no zero byte in this era, where one ends it");
        uint at = TakeText((uint)text.Length + 1);
        Does(stage => stage.Memory.Write(at, (byte[])[.. text, 0]));
        return ring ? Ring("NOTIFY", at) : Hypercall("NOTIFY", at);
    }

    /// <summary>Has the window of the first device lead to the register for this, and writes each character there.</summary>
    private GuestScript PrintToWindow(byte[] text, bool ring)
    {
        if (ring) throw Invalid($"guests of '{abi.Name}' print without a hypercall, so not from the ring");
        uint code = TakeText(sizeof(byte));
        foreach ((uint register, uint value) in VirtioConfigSpace.Open(PciRegister.DeviceConfig + VirtioConsole.EmergencyWriteAt, sizeof(uint)))
            Out(code, PciPorts.Address, PciPorts.AddressOf(device: 1, register)).Out(code, PciPorts.Data, value);
        Out(code, PciPorts.Address, PciPorts.AddressOf(device: 1, VirtioConfigSpace.Window));
        foreach (byte character in text) Out(code, PciPorts.Data, character);
        return this;
    }

    /// <summary>Executes <c>out %eax, (%dx)</c>, which traps in ring 1.</summary>
    /// <param name="code">Where the instruction is put: linear and guest-physical.</param>
    /// <param name="port">Goes to dx.</param>
    /// <param name="value">Goes to eax.</param>
    private GuestScript Out(uint code, ushort port, uint value)
    {
        const byte OutEaxToDx = 0xEF;
        return Does(
            stage =>
            {
                stage.Memory.Write8(code, OutEaxToDx);
                (stage.Cpu.Registers.Eip, stage.Cpu.Registers.Edx, stage.Cpu.Registers.Eax) = (code, port, value);
            },
            CpuExit.Trap(Vector.GeneralProtection));
    }

    /// <summary>Stores bytes in the guest's memory, as its code would.</summary>
    /// <param name="address">Guest-physical.</param>
    /// <param name="bytes">What to store.</param>
    /// <exception cref="LguestException">InvalidDefinition: that is not inside guest memory.</exception>
    public GuestScript Write(uint address, byte[] bytes)
    {
        if (address > MemorySize || bytes.Length > MemorySize - address) throw Invalid($"{bytes.Length} bytes at 0x{address:x8} are not inside the {MemorySize >> 20} MiB of guest memory");
        return Does(stage => stage.Memory.Write(address, bytes));
    }

    /// <summary>Enables or disables interrupts, which traps nowhere.</summary>
    public GuestScript Interrupts(bool enabled) => Write(DataAddress + GuestDataLayout.IrqEnabled, BitConverter.GetBytes(enabled ? Eflags.Interrupt : 0));

    /// <summary>Loads a gate that reflects a vector to the guest: hypercall LOAD_IDT_ENTRY.</summary>
    /// <param name="vector">0 to 255.</param>
    /// <param name="handler">Linear address.</param>
    public GuestScript Gate(byte vector, uint handler = PageOffset + 0x3000) => Hypercall(
        "LOAD_IDT_ENTRY", vector, ((uint)DescriptorTable.KernelCodeSelector << 16) | (handler & 0xFFFF), (handler & 0xFFFF0000) | 0x8E00);

    /// <summary>Traps without a hypercall: a fault, a system call.</summary>
    /// <param name="vector">0 to 255, but not the hypercall's.</param>
    /// <param name="errorCode">For the vectors that have one.</param>
    /// <param name="address">For vector 14, the linear address.</param>
    /// <exception cref="LguestException">InvalidDefinition: the vector is the hypercall's.</exception>
    public GuestScript Trap(byte vector, uint errorCode = 0, uint address = 0)
    {
        if (vector == Vector.Hypercall) throw Invalid($"vector 0x{vector:x} is the hypercall's: say which hypercall");
        return Does(null, CpuExit.Trap(vector, errorCode, address));
    }

    /// <summary>Runs code until the host's next look: interrupts and input enter there.</summary>
    public GuestScript Code() => Does(null, CpuExit.Budget);

    /// <summary>Ends well: CRASH, or SHUTDOWN, with "Power down".</summary>
    public GuestScript PowerOff() => Crash("Power down");

    /// <summary>Ends: CRASH, or SHUTDOWN to power off, with a text.</summary>
    public GuestScript Crash(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + "\0");
        uint address = TakeText((uint)bytes.Length);
        Write(address, bytes);
        return abi.FindCall("CRASH") is null ? Hypercall("SHUTDOWN", address, PowerOffReason) : Hypercall("CRASH", address);
    }

    /// <summary>Makes a guest that plays this script.</summary>
    /// <param name="name">The guest's name.</param>
    /// <param name="clock">What its time is made of.</param>
    /// <exception cref="LguestException">InvalidDefinition: the name is not possible.</exception>
    public Guest Create(string name = "script", ClockKind clock = ClockKind.Virtual)
    {
        GuestDefinition definition = new() { Name = name, Kernel = "(a script)", Memory = MemorySize, Abi = abi.Name, Clock = clock };
        Step[] played = [.. steps];
        return GuestBuilder.Build(definition, KernelImage.Scripted(abi, PageOffset), (memory, _) =>
        {
            ScriptedCpu cpu = new() { HasFpuSetting = true };
            Play(played, new Stage(cpu, memory, abi));
            return cpu;
        });
    }

    /// <summary>Puts steps into the CPU's list; what does not trap is done just before what does.</summary>
    private static void Play(IEnumerable<Step> steps, Stage stage)
    {
        List<Action<Stage>> before = [];
        foreach (Step step in steps)
        {
            if (step.Does is not null) before.Add(step.Does);
            if (step.Exit is not { } exit) continue;
            Action<Stage>[] first = [.. before];
            before.Clear();
            stage.Cpu.Then(_ =>
            {
                foreach (Action<Stage> act in first) act(stage);
                return exit;
            });
        }
    }

    private GuestScript Does(Action<Stage>? act, CpuExit? exit = null)
    {
        steps.Add(new Step(act, exit));
        return this;
    }

    private uint Number(string name, uint[] arguments)
    {
        if ((abi.FindCall(name)?.Number ?? (uint.TryParse(name, out uint given) ? given : null)) is not { } number)
            throw Invalid($"ABI profile '{abi.Name}' has no hypercall '{name}'{DefinitionText.Instead(name, [.. abi.Hypercalls.Select(known => known.Name)])}");
        if (arguments.Length > abi.Arguments.Count) throw Invalid($"{name} with {arguments.Length} arguments: '{abi.Name}' has {abi.Arguments.Count} argument registers");
        return number;
    }

    private uint TakeText(uint length)
    {
        uint address = nextText;
        nextText += (length + 15) & ~15u;
        return nextText <= TextAreaEnd ? address : throw Invalid("the script's texts do not fit into its guest's memory");
    }

    private static LguestException Invalid(string problem) => new(LguestError.InvalidDefinition, problem);

    /// <summary>Something the guest does to its registers and memory, and the trap it ends with, if it does.</summary>
    private sealed record Step(Action<Stage>? Does, CpuExit? Exit);

    /// <summary>What steps act on.</summary>
    private sealed record Stage(ScriptedCpu Cpu, GuestMemory Memory, AbiProfile Abi)
    {
        public void LoadCall(uint number, uint[] arguments)
        {
            ref GuestRegisters registers = ref Cpu.Registers;
            registers.Eax = number;
            for (int i = 0; i < Abi.Arguments.Count; i++)
            {
                uint value = i < arguments.Length ? arguments[i] : 0;
                switch (Abi.Arguments[i])
                {
                    case ArgumentRegister.Ebx: registers.Ebx = value; break;
                    case ArgumentRegister.Ecx: registers.Ecx = value; break;
                    case ArgumentRegister.Edx: registers.Edx = value; break;
                    default: registers.Esi = value; break;
                }
            }
        }
    }
}
