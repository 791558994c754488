using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes paths: texts and files, but no object that only has one in a property.</summary>
internal sealed class PathArgumentAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is IEnumerable many and not string
            ? many.Cast<object?>().Select(Path).ToArray()
            : Path(inputData);

    private static string Path(object? given)
    {
        object? plain = given is PSObject wrapped ? wrapped.BaseObject : given;
        return plain switch
        {
            string text => text,
            FileSystemInfo file => file.FullName,
            null => throw new ArgumentTransformationMetadataException("there is no path; what is only in the memory of another process cannot be used here", new PSInvalidCastException("null is not a path")),
            // With this inner exception, PowerShell goes on to look for a property that has the path.
            _ => throw new ArgumentTransformationMetadataException($"'{plain}' is not a path", new PSInvalidCastException($"'{plain}' is not a path")),
        };
    }
}
