using System.Text;
using LguestPS.Boot;

namespace LguestPS.Kernels;

/// <summary>What a kernel was built with: by its configuration if that is known, else by texts that only such code has. Null for what cannot be told.</summary>
internal sealed class KernelTraits(KernelContents kernel, LinuxVersion? version, KernelConfiguration? configuration)
{
    private static readonly Version EarlyMicrocode = new(3, 9);
    private static readonly Version MicrocodeIsEarly = new(4, 4);
    private static readonly Version FirstPae = new(2, 6, 31);

    private bool IsReadable => kernel.Segments.Count > 0;

    private Version? Number => version?.Number;

    /// <summary>Whether its version text says SMP, as those of all such kernels do.</summary>
    public bool? Smp => version is not null ? version.Text.Split(' ').Contains("SMP") : Option("SMP");

    /// <summary>Whether it uses page tables of PAE; lguest allowed that from 2.6.31 on.</summary>
    public bool? Pae => Option("X86_PAE") ?? (!IsReadable ? null : Number < FirstPae ? (kernel.MayKnowLguest ? false : null) : PaeInImage.IsFound(kernel.Segments));

    public bool? StackProtector =>
        configuration is not null
            ? configuration.Has("CC_STACKPROTECTOR") || configuration.Has("CC_STACKPROTECTOR_REGULAR") || configuration.Has("CC_STACKPROTECTOR_STRONG")
            : Text("stack-protector: Kernel stack is corrupted");

    /// <summary>Whether it loads microcode before it has gates.</summary>
    public bool? Microcode =>
        Number < EarlyMicrocode ? false
        : configuration is not null ? configuration.Has(Number >= MicrocodeIsEarly ? "MICROCODE" : "MICROCODE_EARLY")
        : Text("dis_ucode_ldr") is true || Text("kernel/x86/microcode/") is true ? true : IsReadable ? false : null;

    /// <summary>Whether the program that unpacks it chooses its place at random; a vmlinux is always where it was linked for.</summary>
    public bool? Kaslr => !kernel.IsBzImage ? false : Option("RANDOMIZE_BASE") ?? kernel.File.AsSpan().IndexOf("nokaslr"u8) >= 0;

    public bool? Modules => Option("MODULES") ?? Text("/sbin/modprobe");

    public bool? Initrd => Option("BLK_DEV_INITRD") ?? Text("noinitrd");

    /// <summary>How it has a driver.</summary>
    /// <param name="option">The option that builds it.</param>
    /// <param name="name">Its name, which a kernel with the driver built in has among its strings.</param>
    public DriverState StateOf(string option, string name)
    {
        if (configuration is not null) return configuration.Has(option) ? DriverState.BuiltIn : configuration.IsModule(option) ? DriverState.Module : DriverState.Missing;
        return Text($"\0{name}\0") switch
        {
            true => DriverState.BuiltIn,
            false when Modules is false => DriverState.Missing,
            _ => DriverState.Unknown,
        };
    }

    private bool? Option(string name) => configuration?.Has(name);

    private bool? Text(string text)
    {
        if (!IsReadable) return null;
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        return kernel.Segments.Any(segment => segment.Bytes.Span.IndexOf(bytes) >= 0);
    }
}
