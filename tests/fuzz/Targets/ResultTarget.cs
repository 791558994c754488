using System.Text;

namespace LguestPS.Tests.Fuzz;

/// <summary>Lines of JSON that machines send back: the results of a matrix's cells, joined as they are imported.</summary>
internal sealed class ResultTarget : FileTarget
{
    public override string Name => "results";

    public override int CasesInSuite => 500;

    protected override string What => "a file of results";

    protected override string FileName => "results.jsonl";

    protected override IReadOnlyList<byte[]> Tokens { get; } = Mutator.Tokens(
        "{", "}", "[", "]", "\"", ",", ":", "null", "true", "1e400", "-1", "0.1e-300", "99999999999999999999", "\\u0000", "\\ud800", "\n", "\"index\":1,", "\"Passed\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.9999999-14:00\"", "\uFEFF", "/*", "{\"checks\":");

    protected override IEnumerable<byte[]> MakeSamples() =>
    [
        Line(0, @"""outcome"":""Passed"",""ending"":""PowerDown"",""standstill"":""Ended"",""reason"":""Power down"",""checks"":[{""name"":""powers down"",""outcome"":""Passed"",""message"":null}],""files"":{""recording"":""/abs/r"",""console"":""/abs/c""},""warnings"":[""w""],""error"":null"),
        [
            .. Line(1, @"""outcome"":""Failed"",""ending"":null,""standstill"":""TimeLimit"",""reason"":null,""checks"":[{""name"":""greets"",""outcome"":""Failed"",""message"":""it \u001b[1m does not""}],""files"":{},""warnings"":[],""error"":null"),
            (byte)'\n',
            .. Line(2, @"""outcome"":""Error"",""checks"":[],""files"":{},""warnings"":[],""error"":""the kernel is missing"""),
        ],
    ];

    protected override void Use(string path, TapeRandom random)
    {
        MatrixJoin join = new();
        foreach (string line in File.ReadAllText(path).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            MatrixResult result = MatrixResult.FromJson(line);
            Observation?.Add(result.ToString());
            string written = result.ToJson();
            if (written.Contains('\n') || MatrixResult.FromJson(written).ToJson() != written) throw new InvalidDataException($"a result is not the same after it was written: {written}");
            join.Add(result);
        }
        Observation?.Add(join.Results.Count);
        Observation?.Add(join.Missing.Take(10).Count());
    }

    private static byte[] Line(int index, string rest) => Encoding.UTF8.GetBytes(
        $$"""
        {"format":1,"matrix":"nightly","matrixId":"9f","cellCount":8,"index":{{index}},"cell":"hello memory=32MiB","definition":"hello","parameters":{"memory":"32MiB"},"attempt":1,"hostName":"node3","processId":4711,"started":"2026-11-29T01:02:03.1234567Z","duration":0.512,"guestTime":0.000007,"instructions":7000,"eventCount":23,"reboots":0,"eventHash":"5f0c","consoleTail":"text",{{rest}}}
        """);
}
