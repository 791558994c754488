namespace LguestPS.Cpu.Emulated;

internal readonly unsafe struct ClearCarry : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        LazyFlags.SetCarry(cpu, false);
        return true;
    }
}

internal readonly unsafe struct SetCarry : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        LazyFlags.SetCarry(cpu, true);
        return true;
    }
}

internal readonly unsafe struct ComplementCarry : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        LazyFlags.SetCarry(cpu, !LazyFlags.IsCarry(cpu));
        return true;
    }
}

internal readonly unsafe struct ClearDirection : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        cpu->Registers.Eflags &= ~Eflags.Direction;
        return true;
    }
}

internal readonly unsafe struct SetDirection : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        cpu->Registers.Eflags |= Eflags.Direction;
        return true;
    }
}

/// <summary>lahf.</summary>
internal readonly unsafe struct LoadFlags : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        ((byte*)&cpu->Registers.Eax)[1] = (byte)LazyFlags.Read(cpu);
        return true;
    }
}

/// <summary>sahf.</summary>
internal readonly unsafe struct StoreFlags : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        const uint Changed = LazyFlags.Status & ~Eflags.Overflow;
        LazyFlags.Write(cpu, LazyFlags.Read(cpu) & ~Changed | ((byte*)&cpu->Registers.Eax)[1] & Changed);
        return true;
    }
}

/// <summary>salc: al becomes all carry.</summary>
internal readonly unsafe struct SpreadCarry : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        *(byte*)&cpu->Registers.Eax = LazyFlags.IsCarry(cpu) ? (byte)0xFF : (byte)0;
        return true;
    }
}

internal readonly unsafe struct PushFlags<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    public static bool Run(CpuState* cpu, Operation* op) =>
        StackAccess.Push<TSize, TStack>(cpu, LazyFlags.Read(cpu) & ~(Eflags.Resume | Eflags.Virtual8086));
}

/// <summary>popf; IF and IOPL stay, as IOPL 0 is more privileged than any guest.</summary>
internal readonly unsafe struct PopFlags<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!StackAccess.Pop<TSize, TStack>(cpu, out uint value)) return false;
        uint changed = LazyFlags.Unprivileged & (TSize.Bits == 16 ? 0xFFFF : uint.MaxValue);
        LazyFlags.Write(cpu, LazyFlags.Read(cpu) & ~changed & ~Eflags.Resume | value & changed);
        return true;
    }
}
