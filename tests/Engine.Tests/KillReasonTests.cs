using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Every way a guest can be killed, by the words of ABI §11; what leads there and what does not is in the files of each subject.</summary>
public class KillReasonTests
{
    /// <summary>What the guest does, and the reason it ends with.</summary>
    private static readonly Dictionary<string, Action<ScriptedGuest>> Sins = new()
    {
        ["bad read address 0xfffff000 len 128"] = guest => guest.Hypercall(Call.Crash, 0xFFFFF000),
        ["bad read address 0xfffff000 len 8"] = guest => guest.Hypercall(Call.LoadGdt, 0xFFFFF000, 1),
        ["bad read address 0xfffff000 len 100"] = guest => guest.Hypercall(Call.SendDma, 0, 0xFFFFF000),
        ["bad page directory 0xfffff000"] = guest => guest.Hypercall(Call.NewPageTable, 0xFFFFF000),
        ["bad page directory entry 000000e3 for c001ffff"] = guest => NewDirectory(guest, directoryEntry: 0xE3),
        ["bad page table entry 00000083 for c001ffff"] = guest => NewDirectory(guest, tableEntry: 0x83),
        ["bad page table entry 0000000b for c001ffff"] = guest => NewDirectory(guest, tableEntry: 0x0B),
        ["bad page table entry fffff003 for c001ffff"] = guest => NewDirectory(guest, tableEntry: 0xFFFFF003),
        ["attempt to access switcher pages: SET_PTE 0xffc00000"] = guest => guest.Hypercall(Call.SetPte, 0, 0xFFC00000, 0),
        ["attempt to access switcher pages: 0xffc00000"] = guest =>
        {
            guest.Memory.Write32(guest.Guest.Machine.PageDirectory + 1023 * 4, 0x1000 | PageFlags.DirectoryEntry);
            guest.Trap(14, 0, 0xFFC00000);
        },
        ["bad stack segment 0x73"] = guest => guest.Hypercall(Call.SetStack, 0x73, 0xC0020000, 1),
        ["bad stack pages 3"] = guest => guest.Hypercall(Call.SetStack, 0x69, 0xC0020000, 3),
        ["bad stack page 0x0001ffff"] = guest => guest.Hypercall(Call.SetStack, 0x69, 0x20000, 1),
        ["bad IDT type 12"] = guest => guest.Hypercall(Call.LoadIdtEntry, 0x30, 0, 0x8C00),
        ["setting idt entry 256"] = guest => guest.Hypercall(Call.LoadIdtEntry, 256, 0, 0x8E00),
        ["too many gdt entries 33"] = guest => guest.Hypercall(Call.LoadGdt, ScriptedGuest.TableAddress, 33),
        ["bad dma key 0x00001002"] = guest => guest.Hypercall(Call.BindDma, 0x1002, ScriptedGuest.DmaAddress, 0x101),
        ["bad sending DMA key 0x00001002"] = guest => guest.Hypercall(Call.SendDma, 0x1002, ScriptedGuest.DmaAddress),
        ["bad DMA entry: 16@0xfffff000"] = guest => guest.Hypercall(Call.SendDma, 0, guest.Dma(ScriptedGuest.DmaAddress, (0xFFFFF000, 16))),
        ["bad address in registered DMA struct 0xfffff000"] = guest =>
        {
            guest.Guest.SendConsole("x");
            guest.Hypercall(Call.BindDma, 0, 0xFFFFF000, 0x101).Code();
        },
        ["unhandled trap 6 at 0xc0002100 (0x0)"] = guest =>
        {
            guest.Cpu.Registers.Eip = 0xC0002100;
            guest.Trap(6);
        },
        ["already have lguest_data"] = guest => guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress),
        ["Bad hypercall 11"] = guest => guest.Hypercall(11),
        ["the vCPU's own reason"] = guest => guest.Cpu.Then(CpuExit.Dead("the vCPU's own reason")),
    };

    public static TheoryData<string> Reasons => [.. Sins.Keys];

    [Theory]
    [MemberData(nameof(Reasons))]
    public void A_broken_rule_ends_the_guest_with_its_reason(string reason)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Sins[reason](guest);
        List<LguestEvent> events = guest.Play();
        Assert.Equal(new GuestEnding(EndingKind.Killed, reason), guest.Guest.Ending);
        GuestEndedEvent ended = Assert.IsType<GuestEndedEvent>(events[^1]);
        Assert.Equal((EndingKind.Killed, reason), (ended.Ending, ended.Reason));
        Assert.Equal(reason, guest.Guest.StateReason);
    }

    [Theory]
    [InlineData(Call.LguestInit, "bad guest page 0xfffff000")]
    [InlineData(Call.FlushTlb, "hypercall 5 before LGUEST_INIT")]
    public void Before_LGUEST_INIT_too(uint number, string reason)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.Hypercall(number, 0xFFFFF000).Play();
        Assert.Equal(new GuestEnding(EndingKind.Killed, reason), guest.Guest.Ending);
    }

    [Fact]
    public void A_crash_is_the_guests_own_wish_and_no_kill()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Crash, guest.CrashText("kernel panic")).Play();
        Assert.Equal(new GuestEnding(EndingKind.Crashed, "CRASH: kernel panic"), guest.Guest.Ending);
    }

    /// <summary>Switches to a directory in which one entry on the way to the ring-1 stack is bad.</summary>
    private static void NewDirectory(ScriptedGuest guest, uint? directoryEntry = null, uint? tableEntry = null)
    {
        uint directory = ScriptedGuest.FreePages, table = ScriptedGuest.FreePages + GuestMemory.PageSize;
        uint linear = ScriptedGuest.PageOffset + ScriptedGuest.StackTop - 1;
        guest.Memory.Write32(directory + (linear >> 22) * 4, directoryEntry ?? (table | 3));
        guest.Memory.Write32(table + ((linear >> 12) & 1023) * 4, tableEntry ?? 3);
        guest.Hypercall(Call.NewPageTable, directory);
    }
}
