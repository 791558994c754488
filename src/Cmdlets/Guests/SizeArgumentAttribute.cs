using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes an amount of memory as a definition writes it (64MiB); numbers are bytes.</summary>
internal sealed class SizeArgumentAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is string text && DefinitionText.TryParseSize(text, out long bytes) ? bytes : inputData;
}
