using Xunit;

namespace LguestPS.Tests.Eras;

/// <summary>LGUEST_INIT of kernels from 2.6.24 on: what it reads of struct lguest_data, and what it writes there (ABI §2).</summary>
public class LguestInitTests
{
    private const uint Data = ScriptedGuest.DataAddress;

    [Theory]
    [InlineData(Era.Virtio2624)]
    [InlineData(Era.Virtio2625)]
    [InlineData(Era.Virtio2629)]
    [InlineData(Era.Virtio2630)]
    [InlineData(Era.Virtio2631)]
    [InlineData(Era.Virtio2634)]
    [InlineData(Era.Virtio31)]
    [InlineData(Era.Pci40)]
    [InlineData(Era.Pci41)]
    public void A_kernel_of_each_era_is_initialised(string abi)
    {
        using ScriptedGuest guest = Era.Initialised(abi);
        Assert.Null(guest.Ending);
        Assert.True(guest.Guest.Machine.Data.IsInitialised);
        Assert.Equal(4u << 20, guest.Memory.Read32(Data + guest.Layout.ReserveMem));
        Assert.NotEqual(0u, guest.Memory.Read32(Data + guest.Layout.TscKhz));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0x81u)]
    public void Another_vector_for_system_calls_kills(uint vector)
    {
        using ScriptedGuest guest = Era.Fresh(Era.Virtio2625);
        guest.FillData(syscallVector: vector);
        guest.Hypercall(Call.LguestInit, Data).Play();
        Assert.Equal($"bad syscall vector 0x{vector:x}", guest.Ending);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0xFFC00000u)]
    public void A_kernel_where_nothing_or_the_host_is_kills(uint address)
    {
        using ScriptedGuest guest = Era.Fresh(Era.Virtio2625);
        guest.FillData(kernelAddress: address);
        guest.Hypercall(Call.LguestInit, Data).Play();
        Assert.Equal($"bad kernel address 0x{address:x8}", guest.Ending);
    }

    [Fact] // a bzImage need not tell before
    public void The_page_offset_is_the_one_that_the_kernel_names()
    {
        using ScriptedGuest guest = Era.Fresh(Era.Virtio2625);
        guest.FillData(kernelAddress: 0x80000000);
        guest.Hypercall(Call.LguestInit, Data).Hypercall(Call.SetPte, 0x5000, 0x7FFFF000, 0).Hypercall(Call.SetPte, 0x5000, 0x80000000, 0).Play();
        Assert.Equal(0x80000000u, guest.Guest.Machine.PageOffset);
        Assert.Equal(["all", "page 7ffff000 of 00005000", "page 80000000"], guest.Cpu.Flushes.Where(flush => !flush.StartsWith("TwoLevel", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_kernel_whose_memory_was_mapped_at_another_page_offset_is_told_so()
    {
        using ScriptedGuest guest = Era.Fresh(Era.Virtio2629);
        guest.FillData(kernelAddress: 0xB0000000);
        guest.Hypercall(Call.LguestInit, Data).Play();
        Assert.Equal(
            "the kernel is built for the page offset 0xb0000000, and was started with 0xc0000000: a packed kernel does not always tell; use its vmlinux",
            guest.Ending);
    }

    [Theory]
    [InlineData(Era.Virtio2624)]
    [InlineData(Era.Virtio2630)]
    [InlineData(Era.Virtio2634)]
    public void The_kernel_is_told_which_page_directory_it_runs_on(string abi)
    {
        using ScriptedGuest guest = Era.Fresh(abi);
        guest.FillData();
        uint directory = guest.Guest.Machine.PageDirectory;
        guest.Hypercall(Call.LguestInit, Data).Play();
        Assert.NotEqual(0u, directory);
        Assert.Equal(directory, guest.Memory.Read32(Data + guest.Layout.PageDirectory!.Value));
    }

    [Theory] // the field that follows reserve_mem and tsc_khz is another one there
    [InlineData(Era.October, 1120u)]
    [InlineData(Era.Virtio31, 1376u)]
    public void A_kernel_without_a_field_for_that_keeps_what_it_has_there(string abi, uint at)
    {
        using ScriptedGuest guest = Era.Fresh(abi);
        guest.FillData();
        guest.Memory.Write32(Data + at, 0x12345678);
        guest.Hypercall(Call.LguestInit, Data).Play();
        Assert.Null(guest.Ending);
        Assert.Equal(0x12345678u, guest.Memory.Read32(Data + at));
    }

    [Theory]
    [InlineData(Era.Virtio2624, 1136u)]
    [InlineData(Era.Virtio2631, 1396u)]
    [InlineData(Era.Virtio31, 1392u)]
    public void The_struct_must_lie_in_memory_to_its_last_byte(string abi, uint size)
    {
        foreach (uint missing in (uint[])[0, 1])
        {
            using ScriptedGuest guest = Era.Fresh(abi);
            uint address = guest.Memory.Size - size + missing;
            if (missing == 0)
            {
                guest.Memory.Write32(address + guest.Layout.KernelAddress!.Value, ScriptedGuest.PageOffset);
                guest.Memory.Write32(address + guest.Layout.SyscallVec!.Value, 0x80);
            }
            guest.Hypercall(Call.LguestInit, address).Play();
            Assert.Equal(missing == 0 ? null : $"bad guest page 0x{address:x8}", guest.Ending);
        }
    }
}
