namespace LguestPS.Tests.Cpu;

/// <summary>Other states for code that is there.</summary>
internal sealed partial class SnippetGenerator
{
    /// <summary>The last case's code from another state: other values in the registers that lead nowhere, other flags, and perhaps other data where one leads.</summary>
    public TestCase Again(TestCase last)
    {
        uint[] values = [.. last.Gpr];
        for (int i = 0; i < values.Length; i++)
            if (!aimed[i] && Chance(60)) values[i] = Chance(25) || (i == 4 && !claimed[4]) ? Target() : Value();
        long at = (long)values[random.Next(values.Length)] - Oracle.DataBase;
        bool writes = at >= 0 && at + 8 <= Oracle.WritableSize && patches.Count < OracleTest.MaxPatches && Chance(60);
        return last with
        {
            Gpr = values, Eflags = StartFlags(), FlushFirst = Chance(3),
            // What the code needs to find is written after it.
            Patches = writes ? [new Patch((int)at, [.. BitConverter.GetBytes(Value()), .. BitConverter.GetBytes(Value())]), .. patches] : [.. patches],
        };
    }

    private uint StartFlags() => (uint)random.Next() & Arithmetic | (Chance(15) ? Direction : 0) | 0x202;
}
