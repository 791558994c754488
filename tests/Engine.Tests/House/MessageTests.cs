using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace LguestPS.Tests.House;

/// <summary>The engine serves more than one user interface: what it says is in its own terms, and each interface adds its commands' names.</summary>
public partial class MessageTests
{
    [Fact]
    public void The_engines_messages_name_no_cmdlet()
    {
        string root = Repository.Path("src", "Engine");
        (string Place, string Text)[] texts =
        [
            .. from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
               where Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)[0] is not ("obj" or "bin")
               where Path.GetFileName(file) != "JobArrays.cs"      // writes scripts, which name what they call
               from token in CSharpSyntaxTree.ParseText(File.ReadAllText(file), new CSharpParseOptions(LanguageVersion.Preview)).GetRoot().DescendantTokens()
               where token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.InterpolatedStringTextToken
                   or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.Utf8StringLiteralToken
               select ($"{Path.GetFileName(file)}({token.GetLocation().GetLineSpan().StartLinePosition.Line + 1})", token.ValueText),
        ];
        Assert.Contains(texts, said => said.Text.Contains("was not recorded, so there is no way back", StringComparison.Ordinal));
        Assert.DoesNotContain(texts, said => Cmdlet().IsMatch(said.Text));
    }

    [GeneratedRegex(@"\b[A-Z][a-z]+-Lguest")]
    private static partial Regex Cmdlet();
}
