using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Reads a matrix of guests, or makes one of parameters, and shows its cells before anything runs.</summary>
[Cmdlet(VerbsCommon.Get, "LguestMatrix", DefaultParameterSetName = FromPath)]
[OutputType(typeof(GuestMatrix))]
public sealed class GetLguestMatrixCommand : MatrixCommand
{
    private protected override void Process(GuestMatrix matrix) => WriteObject(matrix);
}
