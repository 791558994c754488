using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Segments;

namespace LguestPS.Inspection;

/// <summary>Finds the functions on a guest's stack: by frame pointers, across trap frames, and where neither leads on, by looks.</summary>
/// <remarks>
/// What is read here the guest may have made up: addresses only ever rise, and lengths are bounded. Code that was entered by a
/// trap keeps ebp until a compiled function saves it, so the ebp that function saved is the interrupted code's.
/// </remarks>
internal sealed class CallStack(Guest guest, int most)
{
    private const uint MostStack = 16 << 10;
    private const uint KernelStackSize = 8 << 10;
    private const uint LongestFrame = 64 << 10;

    /// <summary>What trap entry code pushes between the trap frame and its call of a compiled function: all registers, and a few words.</summary>
    private const uint MostSavedByEntry = 24 * 4;

    private const int LongestCall = 7;
    private const int ShortestCall = 2;
    private const int UserRing = 3;

    private readonly MemoryReader memory = new(guest, physical: false);
    private readonly List<CallStackFrame> frames = [];

    public IReadOnlyList<CallStackFrame> Frames()
    {
        GuestRegisters registers = guest.Cpu.Registers;
        Add(registers.Eip, stackAddress: null, registers.PrivilegeLevel, FrameOrigin.Registers);
        Place place = new(registers.Eip, registers.Esp, registers.Ebp, registers.PrivilegeLevel);
        // Code that did not set up its frame yet, or has taken it down, has its return address at or near esp.
        if (WordsAboveReturn(place) is { } words && place.Esp + words * 4 is var at && memory.Read32(at) is { } caller && IsReturnAddress(caller, place.Ring))
        {
            Add(caller, at, place.Ring, FrameOrigin.FramePointer);
            place = place with { Eip = caller, Esp = at + 4 };
        }
        while (frames.Count < most && Next(place) is { } next) place = next;
        return frames;
    }

    /// <summary>Goes from one place to the one it was called from or interrupted.</summary>
    private Place? Next(Place place)
    {
        uint saved = place.Ebp;
        // Right above a function that trap entry code called lies the trap frame, and what ebp leads to lies after that.
        if (place.Ring != UserRing && FindTrapFrame(place, place.Esp + MostSavedByEntry) is { } entry && entry.StackAddress < saved) return Cross(entry);
        if (IsOnStack(saved, place) && memory.Read32(saved) is { } callersEbp && memory.Read32(saved + 4) is { } eip && IsReturnAddress(eip, place.Ring))
        {
            Add(eip, saved + 4, place.Ring, FrameOrigin.FramePointer);
            return new Place(eip, saved + 8, callersEbp, place.Ring);
        }
        uint end = EndOfStack(place);
        (Place Place, uint StackAddress)? trap = place.Ring == UserRing ? null : FindTrapFrame(place, end);
        Scan(place, trap?.StackAddress ?? end);
        return trap is { } found ? Cross(found) : null;
    }

    private Place Cross((Place Place, uint StackAddress) trap)
    {
        Add(trap.Place.Eip, trap.StackAddress, trap.Place.Ring, FrameOrigin.TrapFrame);
        return trap.Place;
    }

    /// <summary>Without frame pointers all that looks like a return address counts.</summary>
    private void Scan(Place place, uint end)
    {
        for (uint at = place.Esp; at < end && frames.Count < most; at += 4)
        {
            if (memory.Read32(at) is not { } word) return;
            if (IsReturnAddress(word, place.Ring)) Add(word, at, place.Ring, FrameOrigin.Scan);
        }
    }

    /// <summary>Looks up the stack for what the host pushes on a trap (ABI §5): eip, cs and eflags, and esp and ss if it came from user mode.</summary>
    private (Place Place, uint StackAddress)? FindTrapFrame(Place place, uint end)
    {
        for (uint at = place.Esp; at >= place.Esp && at < end; at += 4)
        {
            if (memory.Read32(at + 4) is not { } cs) return null;
            if (cs > ushort.MaxValue || (cs & 3) is not (DescriptorTable.GuestPrivilegeLevel or UserRing) || !SelectsCode(cs)) continue;
            if (memory.Read32(at) is not { } eip || memory.Read32(at + 8) is not { } flags || !LooksLikeFlags(flags)) continue;

            if ((cs & 3) == DescriptorTable.GuestPrivilegeLevel)
            {
                if (guest.Machine.Symbols?.Describe(eip) is not null && memory.Locate(eip) is not null) return (new Place(eip, at + 12, place.Ebp, DescriptorTable.GuestPrivilegeLevel), at);
            }
            else if (eip < guest.Machine.PageOffset && memory.Read32(at + 12) is { } esp && memory.Read32(at + 16) is { } ss && (ss & 0xFFFF_0003) == UserRing && esp < guest.Machine.PageOffset)
            {
                return (new Place(eip, esp, place.Ebp, UserRing), at);
            }
        }
        return null;
    }

    private bool SelectsCode(uint selector) =>
        SegmentRules.TryFind(guest.Machine.Descriptors.Descriptors, selector, out SegmentDescriptor descriptor) && descriptor.IsCode && descriptor.IsPresent;

    private static bool LooksLikeFlags(uint flags)
    {
        const uint Reserved = 0xFFC0_0000 | 1 << 15 | 1 << 5 | 1 << 3;
        return (flags & Eflags.AlwaysOne) != 0 && (flags & (Reserved | Eflags.Virtual8086)) == 0;
    }

    /// <summary>First address that can no longer belong to this stack.</summary>
    private uint EndOfStack(Place place)
    {
        uint limit = (uint)Math.Min((ulong)place.Esp + MostStack, uint.MaxValue - 3);
        if (place.Ring == UserRing) return limit;
        return KernelStackTop(place) ?? Math.Min(limit, Math.Max(place.Esp, (place.Esp | KernelStackSize - 1) + 1));
    }

    /// <summary>Where the stack ends that traps from user mode use, if it is the one in use: it is the current task's own.</summary>
    private uint? KernelStackTop(Place place) => guest.Machine.Stack.Esp is var top && top > place.Esp && top - place.Esp <= KernelStackSize ? top : null;

    private bool IsOnStack(uint ebp, Place place) => ebp % 4 == 0 && ebp >= place.Esp && ebp - place.Esp <= LongestFrame && ebp <= uint.MaxValue - 8
        && (place.Ring == UserRing || KernelStackTop(place) is not { } top || ebp < top);

    /// <summary>Whether the code at an address could be returned to: it is there, in the kernel's text or in a program, and a call stands before it.</summary>
    private bool IsReturnAddress(uint eip, int ring)
    {
        if (ring == UserRing ? eip >= guest.Machine.PageOffset : guest.Machine.Symbols?.Table is { } symbols ? symbols.Find(eip) is null : eip < guest.Machine.PageOffset) return false;
        if (eip < LongestCall || memory.Locate(eip - 1) is null) return false;
        byte[] before = memory.ReadAvailable(eip - LongestCall, LongestCall);
        if (before.Length < LongestCall) return false;
        for (int length = ShortestCall; length <= LongestCall; length++)
        {
            Instruction instruction = Decoder.Create(32, before[^length..], eip - (uint)length).Decode();
            if (instruction.Length == length && instruction.Mnemonic == Mnemonic.Call) return true;
        }
        return false;
    }

    /// <summary>How many words lie above the return address where a function begins or ends; null in the middle of one.</summary>
    private uint? WordsAboveReturn(Place place)
    {
        byte[] code = memory.ReadAvailable(place.Eip, 3);
        if (code is [0x55, ..] or [0xC3, ..] or [0xC2, ..]) return 0;                                // push %ebp; ret
        bool isBehindPush = memory.ReadAvailable(place.Eip - 1, 1) is [0x55];
        return isBehindPush && code is [0x89, 0xE5, ..] or [0x8B, 0xEC, ..] ? 1 : null;              // mov %esp, %ebp
    }

    private void Add(uint eip, uint? stackAddress, int ring, FrameOrigin origin)
    {
        if (frames.Count == most) return;
        frames.Add(new CallStackFrame
        {
            Guest = guest.Name, Index = frames.Count, Eip = eip, Symbol = guest.Machine.Symbols?.Describe(eip),
            StackAddress = stackAddress, PrivilegeLevel = ring, Origin = origin,
        });
    }

    /// <summary>Where some code stands: what its registers are or were.</summary>
    private readonly record struct Place(uint Eip, uint Esp, uint Ebp, int Ring);
}
