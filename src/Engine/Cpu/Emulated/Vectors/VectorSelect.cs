namespace LguestPS.Cpu.Emulated;

/// <summary>From a vector instruction's action and operands to its handlers.</summary>
internal static unsafe class VectorSelect
{
    public static HandlerPair Registers<TAction, TDestination, TSource>()
        where TAction : IVectorAction where TDestination : IVectorPlace where TSource : IVectorPlace =>
        new(new(OperationForm.VectorRegisters, typeof(TAction)) { Destination = typeof(TDestination), Source = typeof(TSource) },
            &VectorSkeletons.Registers<TAction, TDestination, TSource>);

    public static HandlerPair Read<TAction, TDestination, TWidth>(AddressKind address)
        where TAction : IVectorAction where TDestination : IVectorPlace where TWidth : IVectorWidth =>
        address == AddressKind.Segmented ? ReadMemory<TAction, TDestination, TWidth, Segmented>() : ReadMemory<TAction, TDestination, TWidth, FlatIndexed>();

    public static HandlerPair Write<TOperation, TSource, TWidth>(AddressKind address)
        where TOperation : IVectorOperation where TSource : IVectorPlace where TWidth : IVectorWidth =>
        address == AddressKind.Segmented ? WriteMemory<TOperation, TSource, TWidth, Segmented>() : WriteMemory<TOperation, TSource, TWidth, FlatIndexed>();

    private static HandlerPair ReadMemory<TAction, TDestination, TWidth, TAddress>()
        where TAction : IVectorAction where TDestination : IVectorPlace where TWidth : IVectorWidth where TAddress : IAddress =>
        new(new(OperationForm.VectorRead, typeof(TAction)) { Destination = typeof(TDestination), Format = typeof(TWidth), Address = TAddress.Kind },
            &VectorSkeletons.ReadMemory<TAction, TDestination, TWidth, TAddress, FastMemory>,
            &VectorSkeletons.ReadMemory<TAction, TDestination, TWidth, TAddress, SlowMemory>);

    private static HandlerPair WriteMemory<TOperation, TSource, TWidth, TAddress>()
        where TOperation : IVectorOperation where TSource : IVectorPlace where TWidth : IVectorWidth where TAddress : IAddress =>
        new(new(OperationForm.VectorWrite, typeof(TOperation)) { Source = typeof(TSource), Format = typeof(TWidth), Address = TAddress.Kind },
            &VectorSkeletons.WriteMemory<TOperation, TSource, TWidth, TAddress, FastMemory>,
            &VectorSkeletons.WriteMemory<TOperation, TSource, TWidth, TAddress, SlowMemory>);
}
