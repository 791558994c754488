using Xunit;
using static LguestPS.Tests.Symbols.SymbolFiles;

namespace LguestPS.Tests.Symbols;

/// <summary>Reading System.map and ELF symbols, and what is wrong with some.</summary>
public sealed class SymbolTableTests : IDisposable
{
    private const string Map = """
        00000400 A __kernel_vsyscall
        00100000 A phys_startup_32
        c0100000 T startup_32
        c0100000 A _text
        c01000e0 t do_one_initcall
        c0100100 W weak_name
        c0100100 T strong_name
        c0100200 T __two
        c0100200 T _one
        c0100300 D jiffies
        c0500000 B far_away
        c0500010 A _end
        c0501000 B pg0

        """;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0xC0100000, "startup_32")]      // not the absolute _text
    [InlineData(0xC01000DF, "startup_32+0xdf")]
    [InlineData(0xC01000E0, "do_one_initcall")]
    [InlineData(0xC0100104, "strong_name+0x4")]
    [InlineData(0xC0100200, "_one")]            // fewest underscores
    [InlineData(0xC0100304, "jiffies+0x4")]
    [InlineData(0xC0200300, "jiffies+0x100000")]
    [InlineData(0xC050000F, "far_away+0xf")]
    public void An_address_is_named_after_the_nearest_symbol_before_it(uint address, string expected) =>
        Assert.Equal(expected, Load(Map).Find(address).ToString());

    [Theory]
    [InlineData(0u)]
    [InlineData(0x400u)]                        // constants that only look like addresses
    [InlineData(0x08048000u)]
    [InlineData(0xC00FFFFFu)]
    [InlineData(0xC0200301u)]                   // more than 1 MiB after jiffies
    [InlineData(0xC0500010u)]                   // _end
    [InlineData(0xFFFFFFFFu)]
    public void Outside_the_kernel_nothing_has_a_name(uint address) => Assert.Null(Load(Map).Find(address));

    [Fact] // PowerShell reads 0xc0100004 as a negative int
    public void An_address_may_come_as_a_negative_number()
    {
        Assert.Equal("startup_32+0x4", Load(Map).Find(unchecked((int)0xC0100004)).ToString());
        Assert.Null(Load(Map).Find(0x1_C0100004));
        Assert.Null(Load(Map).Find(long.MinValue));
    }

    [Fact]
    public void A_name_leads_to_its_address_also_if_another_is_preferred()
    {
        SymbolTable table = Load(Map);
        Assert.Equal(0xC0100000, table.AddressOf("_text"));
        Assert.Equal(0xC0100200, table.AddressOf("__two"));
        Assert.Equal(0xC0500010, table.AddressOf("_end"));
        Assert.Null(table.AddressOf("Jiffies"));
        Assert.Null(table.AddressOf("jiffie"));
        Assert.Equal(10, table.Count);
    }

    [Fact]
    public void A_map_without_its_end_ends_a_page_behind_its_last_symbol()
    {
        SymbolTable table = Load("c0100000 T a\nc0100010 T b [module]\r\n");
        Assert.Equal("b+0xfff", table.Find(0xC010100F).ToString());
        Assert.Null(table.Find(0xC0101010));
    }

    [Fact]
    public void The_order_of_lines_does_not_matter() => Assert.Equal("a+0x1", Load("c0200000 T b\nc0100000 T a\n").Find(0xC0100001).ToString());

    [Theory]
    [InlineData("         w __weak_thing\n         U printk\nc0100000 T a\nc0100010 t b\n")]     // nm -n
    [InlineData("c0100000 00000010 T a\nc0100010 00000004 t b\n         U printk\n")]             // nm -S
    [InlineData("\uFEFFc0100000 T a\nc0100010 t b\n")]                                          // an editor's byte order mark
    [InlineData("\n  \n\t\r\nc0100000 T a\r\n\r\nc0100010 t b\r\n\n")]
    [InlineData("\uFEFF\n         v __vdso\nc0100000 T a\nc0100010 t b")]
    public void Maps_are_read_as_tools_write_them(string map)
    {
        SymbolTable table = Load(map);
        Assert.Equal(["a", "b"], table.StartingWith(""));
        Assert.Equal("b+0x1", table.Find(0xC0100011).ToString());
    }

    [Theory]
    [InlineData("\n\n", "names no code of a kernel")]
    [InlineData("         U printk\n", "names no code of a kernel")]
    [InlineData("c0100000 T a\nc0100004 0010 T\n", "(2): this is not 'address type name'")]
    [InlineData("\uFEFFhello", "is neither an ELF file nor a System.map")]
    [InlineData("", "is empty")]
    [InlineData("hello", "is neither an ELF file nor a System.map")]
    [InlineData("c0100000 T a\nc0100004 T\n", "(2): this is not 'address type name'")]
    [InlineData("c0100000 T a\n\n\nfoo\n", "(4): this is not 'address type name'")]
    [InlineData("c0100000", "(1): this is not 'address type name'")]
    [InlineData("c0100000 T ", "(1): this is not 'address type name'")]
    [InlineData("c01000001234567890 T a", "(1): this is not 'address type name'")]
    [InlineData("ffffffff81000000 T _text\n", "(1): this address has more than 32 bits")]
    [InlineData("c0100000 D only_data\n", "names no code of a kernel")]
    public void A_damaged_map_is_refused_with_its_place(string map, string problem)
    {
        LguestException refused = Assert.Throws<LguestException>(() => Load(map));
        Assert.Equal(LguestError.InvalidImage, refused.Error);
        Assert.Contains(problem, refused.Message);
        Assert.Equal(folder.Path("System.map"), refused.Path);
    }

    [Fact]
    public void A_missing_file_is_said_to_be_missing()
    {
        LguestException refused = Assert.Throws<LguestException>(() => SymbolTable.Load(folder.Path("nowhere")));
        Assert.Equal((LguestError.FileUnavailable, $"symbol file '{folder.Path("nowhere")}' does not exist"), (refused.Error, refused.Message));
        Assert.Equal(LguestError.FileUnavailable, Assert.Throws<LguestException>(() => SymbolTable.Load(folder.Path("."))).Error);
    }

    [Fact]
    public void An_ELF_kernels_functions_and_data_are_its_symbols()
    {
        SymbolTable table = SymbolTable.Load(folder.Write("vmlinux", Kernel(
            new(0xC0002000, "entry", LocalFunction), new(0xC0002010, "weak", Weak), new(0xC0002010, "better"), new(0xC0002020, "variable", GlobalData),
            new(0xC0002000, "kernel.c", FileType, Absolute), new(0xC0002000, ".text", SectionType), new(0xC0002004, ".L1"),
            new(0x00000020, "constant", 0, Absolute), new(0xC0002008, "elsewhere", GlobalFunction, Undefined))));
        Assert.Equal(4, table.Count);
        Assert.Equal("entry+0x8", table.Find(0xC0002008).ToString());
        Assert.Equal("better", table.Find(0xC0002010).ToString());
        Assert.Equal("variable+0x100", table.Find(0xC0002120).ToString());
        Assert.Null(table.Find(0xC0001FFF));
        Assert.Null(table.Find(0xC01FA000));        // where the kernel ends
    }

    [Fact] // what lies after a small variable is not that variable
    public void An_ELF_symbol_with_a_size_names_nothing_behind_its_end()
    {
        SymbolTable table = SymbolTable.Load(folder.Write("vmlinux", Kernel(new(0xC0002000, "variable", GlobalData, Size: 8), new(0xC0003000, "label"))));
        Assert.Equal("variable+0x8", table.Find(0xC0002008).ToString());
        Assert.Null(table.Find(0xC0002009));
        Assert.Equal("label+0x900", table.Find(0xC0003900).ToString());
    }

    [Fact]
    public void A_stripped_kernel_has_no_symbols()
    {
        string path = folder.Write("vmlinux", KernelFiles.Smallest);
        Assert.EndsWith("has no symbols: it was stripped; use its System.map instead", Assert.Throws<LguestException>(() => SymbolTable.Load(path)).Message);
    }

    [Fact]
    public void However_an_ELF_file_is_cut_off_or_damaged_it_is_refused_or_read()
    {
        byte[] whole = Kernel(new(0xC0002000, "entry"), new(0xC0002010, "other"));
        for (int length = 0; length < whole.Length; length++) Try(whole[..length]);
        Random random = new(1);
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. whole];
            for (int n = random.Next(1, 5); n > 0; n--) damaged[random.Next(4, damaged.Length)] = (byte)random.Next(256);
            Try(damaged);
        }

        void Try(byte[] file)
        {
            string path = folder.Write("vmlinux", file);
            try
            {
                SymbolTable.Load(path).Find(0xC0002004)?.ToString();
            }
            catch (LguestException e)
            {
                Assert.Equal((LguestError.InvalidImage, path), (e.Error, e.Path));
            }
        }
    }

    private SymbolTable Load(string map) => SymbolTable.Load(folder.Write("System.map", System.Text.Encoding.UTF8.GetBytes(map)));
}
