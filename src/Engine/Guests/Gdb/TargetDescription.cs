using System.Text;

namespace LguestPS.Gdb;

/// <summary>What gdb is told of the processor: an i386 with an x87, as XML.</summary>
internal static class TargetDescription
{
    private const int Stack = 8;

    private static readonly string[] Integers = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags", "cs", "ss", "ds", "es", "fs", "gs"];
    private static readonly string[] FloatControl = ["fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"];

    public static string Xml { get; } = Build();

    /// <summary>The name of a register by its number.</summary>
    public static string NameOf(int register) => register < Integers.Length ? Integers[register]
        : register < Integers.Length + Stack ? $"st{register - Integers.Length}" : FloatControl[register - Integers.Length - Stack];

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
        return xml.Append("</feature></target>").ToString();
    }
}
