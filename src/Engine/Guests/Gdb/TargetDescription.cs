using System.Text;

namespace LguestPS.Gdb;

/// <summary>What gdb is told of the processor: an i386 with an x87 and SSE, as XML. gdb finds mm0 to mm7 in the x87's registers by itself.</summary>
internal static class TargetDescription
{
    private const int Stack = 8;
    private const int VectorCount = 8;

    private static readonly string[] Integers = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags", "cs", "ss", "ds", "es", "fs", "gs"];
    private static readonly string[] FloatControl = ["fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"];

    // The views of a vector and the flags, named as gdb's own description names them.
    private static readonly (string Field, string Id, string Type, int Count)[] Lanes =
    [
        ("v4_float", "v4f", "ieee_single", 4), ("v2_double", "v2d", "ieee_double", 2), ("v16_int8", "v16i8", "int8", 16),
        ("v8_int16", "v8i16", "int16", 8), ("v4_int32", "v4i32", "int32", 4), ("v2_int64", "v2i64", "int64", 2),
    ];

    private static readonly (string Name, int Bit)[] MxcsrFlags =
    [
        ("IE", 0), ("DE", 1), ("ZE", 2), ("OE", 3), ("UE", 4), ("PE", 5), ("DAZ", 6),
        ("IM", 7), ("DM", 8), ("ZM", 9), ("OM", 10), ("UM", 11), ("PM", 12), ("FZ", 15),
    ];

    private static int FirstXmm => Integers.Length + Stack + FloatControl.Length;

    public static string Xml => xml.Value;

    private static readonly Lazy<string> xml = new(Build);

    /// <summary>The name of a register by its number.</summary>
    public static string NameOf(int register) => register < Integers.Length ? Integers[register]
        : register < Integers.Length + Stack ? $"st{register - Integers.Length}"
        : register < FirstXmm ? FloatControl[register - Integers.Length - Stack]
        : register < FirstXmm + VectorCount ? $"xmm{register - FirstXmm}" : "mxcsr";

    private static string Build()
    {
        StringBuilder xml = new("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\"><architecture>i386</architecture><feature name=\"org.gnu.gdb.i386.core\">");
        foreach (string name in Integers)
        {
            string type = name switch { "esp" or "ebp" => "data_ptr", "eip" => "code_ptr", _ => "int32" };
            xml.Append($"<reg name=\"{name}\" bitsize=\"32\" type=\"{type}\"/>");
        }
        for (int i = 0; i < Stack; i++) xml.Append($"<reg name=\"st{i}\" bitsize=\"80\" type=\"i387_ext\"/>");
        foreach (string name in FloatControl) xml.Append($"<reg name=\"{name}\" bitsize=\"32\" type=\"int\" group=\"float\"/>");
        xml.Append("</feature><feature name=\"org.gnu.gdb.i386.sse\">");
        foreach ((_, string id, string type, int count) in Lanes) xml.Append($"<vector id=\"{id}\" type=\"{type}\" count=\"{count}\"/>");
        xml.Append("<union id=\"vec128\">");
        foreach ((string field, string id, _, _) in Lanes) xml.Append($"<field name=\"{field}\" type=\"{id}\"/>");
        xml.Append("<field name=\"uint128\" type=\"uint128\"/></union><flags id=\"i386_mxcsr\" size=\"4\">");
        foreach ((string name, int bit) in MxcsrFlags) xml.Append($"<field name=\"{name}\" start=\"{bit}\" end=\"{bit}\"/>");
        xml.Append("</flags>");
        for (int i = 0; i < VectorCount; i++) xml.Append($"<reg name=\"xmm{i}\" bitsize=\"128\" type=\"vec128\" regnum=\"{FirstXmm + i}\"/>");
        return xml.Append($"<reg name=\"mxcsr\" bitsize=\"32\" type=\"i386_mxcsr\" group=\"vector\"/></feature></target>").ToString();
    }
}
