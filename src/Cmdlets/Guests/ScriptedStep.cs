using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>One step of a scripted guest as a hashtable: its first word says what it is, the others how.</summary>
internal static class ScriptedStep
{
    private static readonly Dictionary<string, string[]> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Hypercall"] = ["Argument"],
        ["Ring"] = ["Argument"],
        ["Print"] = ["Ring"],
        ["Trap"] = ["ErrorCode", "Address"],
        ["Gate"] = ["Handler"],
        ["Write"] = ["Bytes", "Text", "UInt32"],
        ["Interrupts"] = [],
        ["Code"] = [],
        ["Crash"] = [],
        ["PowerOff"] = [],
    };

    /// <exception cref="LguestException">InvalidDefinition: what is wrong with the step.</exception>
    public static void AddTo(GuestScript script, Hashtable step)
    {
        string[] keys = [.. step.Keys.Cast<object>().Select(key => $"{key}")];
        string kind = keys.Where(Words.ContainsKey).OrderBy(key => keys.Any(other => Words[key].Contains(other, StringComparer.OrdinalIgnoreCase)) ? 0 : 1).FirstOrDefault()
            ?? throw Invalid(step, $"names no step: give one of {string.Join(", ", Words.Keys)}");
        if (keys.FirstOrDefault(key => !key.Equals(kind, StringComparison.OrdinalIgnoreCase) && !Words[kind].Contains(key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw Invalid(step, $"has '{unknown}'{DefinitionText.Instead(unknown, Words[kind].Append(kind).ToArray())}");

        try
        {
            Add(script, step, kind);
        }
        catch (PSInvalidCastException e)
        {
            throw Invalid(step, e.Message);
        }
    }

    private static void Add(GuestScript script, Hashtable step, string kind)
    {
        object? value = step[kind];
        switch (kind.ToLowerInvariant())
        {
            case "hypercall": script.Hypercall(Text(value), Arguments(step)); break;
            case "ring": script.Ring(Text(value), Arguments(step)); break;
            case "print": script.Print(Text(value), LanguagePrimitives.IsTrue(step["Ring"])); break;
            case "trap": script.Trap(To<byte>(value), To<uint>(step["ErrorCode"]), To<uint>(step["Address"])); break;
            case "gate" when step["Handler"] is { } handler: script.Gate(To<byte>(value), To<uint>(handler)); break;
            case "gate": script.Gate(To<byte>(value)); break;
            case "write": script.Write(To<uint>(value), Bytes(step)); break;
            case "interrupts": script.Interrupts(LanguagePrimitives.IsTrue(value)); break;
            case "code": script.Code(); break;
            case "crash": script.Crash(Text(value)); break;
            default: script.PowerOff(); break;
        }
    }

    private static byte[] Bytes(Hashtable step) =>
        step["Bytes"] is { } bytes ? To<byte[]>(bytes)
        : step["Text"] is { } text ? Encoding.UTF8.GetBytes(Text(text))
        : step["UInt32"] is { } words ? [.. To<uint[]>(words).SelectMany(BitConverter.GetBytes)]
        : throw Invalid(step, "says where but not what to write; give Bytes, Text or UInt32");

    private static uint[] Arguments(Hashtable step) => step["Argument"] is { } arguments ? To<uint[]>(arguments) : [];

    /// <remarks>PowerShell reads 0xC0000000 as a negative number; it means the address.</remarks>
    private static T To<T>(object? value) => value switch
    {
        null => default!,
        int negative and < 0 when typeof(T) == typeof(uint) => (T)(object)(uint)negative,
        object[] many when typeof(T) == typeof(uint[]) => (T)(object)many.Select(To<uint>).ToArray(),
        int negative and < 0 when typeof(T) == typeof(uint[]) => (T)(object)new[] { (uint)negative },
        PSObject wrapped => To<T>(wrapped.BaseObject),
        _ => LanguagePrimitives.ConvertTo<T>(value),
    };

    private static string Text(object? value) => Convert.ToString(value is PSObject wrapped ? wrapped.BaseObject : value, CultureInfo.InvariantCulture) ?? "";

    private static LguestException Invalid(Hashtable step, string problem) => new(LguestError.InvalidDefinition,
        $"the step @{{ {string.Join("; ", step.Cast<DictionaryEntry>().Select(entry => $"{entry.Key} = {entry.Value}"))} }} {problem}");
}
