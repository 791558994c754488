using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using LguestPS.Native;
using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Sizes, places and numbers of linux/kvm.h and of what else Linux is handed, as the C compiler has them.</summary>
public sealed class KvmLayoutTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>What C calls a field that has a shorter name here, by type and name.</summary>
    private static readonly Dictionary<string, string> NamesInC = new()
    {
        ["kvm_vcpu_events.exception_injected"] = "exception.injected",
        ["kvm_vcpu_events.exception_nr"] = "exception.nr",
        ["kvm_vcpu_events.exception_has_error_code"] = "exception.has_error_code",
        ["kvm_vcpu_events.exception_pending"] = "exception.pending",
        ["kvm_vcpu_events.interrupt_injected"] = "interrupt.injected",
        ["kvm_run.hardware_entry_failure_reason"] = "fail_entry.hardware_entry_failure_reason",
        ["kvm_run.suberror"] = "internal.suberror",
        ["kvm_run.dr6"] = "debug.arch.dr6",
        ["kvm_guest_debug.debugreg"] = "arch.debugreg",
        ["kvm_run.regs"] = "s.regs.regs",
        ["kvm_run.sregs"] = "s.regs.sregs",
        ["kvm_run.events"] = "s.regs.events",
        ["kvm_xsave.fxsave"] = "region[0]",
        ["kvm_xsave.xstate_bv"] = "region[128]",
        ["sigevent.sigev_notify_thread_id"] = "_sigev_un._tid",
        ["ModelSpecific.Count"] = "list.nmsrs",
        ["ModelSpecific.Index"] = "entry.index",
        ["ModelSpecific.Value"] = "entry.data",
        ["SignalMask.Length"] = "mask.len",
        ["SignalMask.Set"] = "set",
        ["InterfaceRequest.Name"] = "ifr_name",
        ["InterfaceRequest.Flags"] = "ifr_flags",
        ["InterfaceRequest.Rest"] = "ifr_hwaddr.sa_data",
    };

    /// <summary>What C calls a struct that has a name of ours here.</summary>
    private static readonly Dictionary<string, string> StructsInC = new()
    {
        ["ModelSpecific"] = "one_register",
        ["SignalMask"] = "one_set",
        ["InterfaceRequest"] = "ifreq",
    };

    private const string Preamble = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <stdio.h>
        #include <signal.h>
        #include <time.h>
        #include <fcntl.h>
        #include <errno.h>
        #include <sys/syscall.h>
        #include <sys/resource.h>
        #include <linux/if.h>
        #include <linux/kvm.h>
        struct one_register { struct kvm_msrs list; struct kvm_msr_entry entry; };
        struct __attribute__((packed)) one_set { struct kvm_signal_mask mask; unsigned char set[8]; };

        """;

    /// <summary>Every one that is handed to Linux.</summary>
    public static TheoryData<string> Structs =>
        [.. typeof(LibC).Assembly.GetTypes().Where(IsStruct).Select(type => type.FullName!)];

    [SkippableTheory]
    [MemberData(nameof(Structs))]
    public void A_struct_lies_as_in_C(string name)
    {
        Type type = typeof(LibC).Assembly.GetType(name, throwOnError: true)!;
        string inC = StructsInC.GetValueOrDefault(type.Name, type.Name);
        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public);
        StringBuilder source = new();
        // The page a vCPU shares is longer than the fields we know.
        if (inC != "kvm_run") source.Append($"printf(\"size %zu\\n\", sizeof(struct {inC}));");
        foreach (FieldInfo field in fields)
            source.Append($"printf(\"{field.Name} %zu\\n\", offsetof(struct {inC}, {NamesInC.GetValueOrDefault($"{type.Name}.{field.Name}", field.Name)}));");

        List<string> expected = inC == "kvm_run" ? [] : [$"size {Marshal.SizeOf(type)}"];
        expected.AddRange(fields.Select(field => $"{field.Name} {Marshal.OffsetOf(type, field.Name)}"));
        Assert.Equal(expected, RunC(source.ToString()));
    }

    private static bool IsStruct(Type type) =>
        type is { Namespace: "LguestPS.Native", IsValueType: true, IsEnum: false } && !type.Name.StartsWith('<') && !type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute));

    [SkippableFact]
    public void A_number_is_that_of_C()
    {
        FieldInfo[] numbers = [.. new[] { typeof(KvmNumbers), typeof(MoreOfLinux), typeof(Errno) }.SelectMany(type => type.GetFields())];
        Assert.NotEmpty(numbers);
        string source = string.Concat(numbers.Select(number => $"printf(\"{number.Name} %llu\\n\", (unsigned long long){number.Name});"));
        Assert.Equal(numbers.Select(number => $"{number.Name} {number.GetRawConstantValue()}"), RunC(source));
    }

    private string[] RunC(string statements)
    {
        string source = folder.Write("layout.c", Encoding.ASCII.GetBytes(
            $"{Preamble}int main(void) {{ {statements} return 0; }}\n"));
        string program = Path.Combine(Path.GetDirectoryName(source)!, "layout");
        Skip.IfNot(File.Exists("/usr/include/linux/kvm.h"), "linux/kvm.h is not on this machine (linux-libc-dev)");
        Skip.If(Start("gcc", "-o", program, source) is null, "gcc is not on this machine");
        return Start(program)!.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>What a program prints, or null if there is no such program.</summary>
    private static string? Start(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = process.StandardOutput.ReadToEnd();
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, errors);
            return output;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
