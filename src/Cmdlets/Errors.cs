using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes every error record of the module: ids, categories and advice live here and nowhere else.</summary>
internal static class Errors
{
    /// <summary>An exception of the engine, about one guest, definition or argument.</summary>
    public static ErrorRecord From(LguestException e, object? target)
    {
        (ErrorCategory category, string advice) = e.Error switch
        {
            LguestError.InvalidDefinition => (ErrorCategory.InvalidData, "Correct the definition or the parameter; about_Lguest_Definitions lists what they may hold."),
            LguestError.FileUnavailable => (FileCategory(e.InnerException), "Check the path and whether you may read the file."),
            LguestError.InvalidImage => (ErrorCategory.InvalidData, "Give an i386 kernel built for lguest, as ELF or bzImage."),
            LguestError.NotSupported => (ErrorCategory.NotImplemented, "Test-LguestHost shows what this machine can run."),
            LguestError.GuestBusy => (ErrorCategory.ResourceBusy, "Stop-Job, Suspend-LguestGuest or Wait-LguestGuest ends the other run."),
            LguestError.GuestEnded => (ErrorCategory.InvalidOperation, "Make the guest anew with New-LguestGuest."),
            LguestError.DiskFailure => (ErrorCategory.WriteError, "See what is wrong with the host's file system, then run Sync-LguestDisk again."),
            LguestError.NoPendingHypercall => (ErrorCategory.InvalidOperation, "Step-LguestGuest or a breakpoint leads a guest to a hypercall; Get-LguestGuest shows what is next."),
            LguestError.HypercallRefused => (ErrorCategory.InvalidOperation, "See about_Lguest_Breakpoints for what can be done to a hypercall, and when."),
            LguestError.CheckpointRefused => (ErrorCategory.InvalidOperation, "about_Lguest_Checkpoints says which guests can be kept and recorded."),
            LguestError.InvalidCheckpoint => (ErrorCategory.InvalidData, "Give a file that Checkpoint-LguestGuest or Start-LguestGuest -RecordPath wrote."),
            LguestError.NotRecorded => (ErrorCategory.InvalidOperation, "about_Lguest_Checkpoints shows how to record a guest: New-LguestGuest -Record, Start-LguestGuest -Record, or -RecordPath for a file; New-LguestGuest -SampleEvery takes samples."),
            LguestError.PositionUnreachable => (ErrorCategory.InvalidArgument, "$guest.Timeline shows from where to where its run is recorded; about_Lguest_TimeTravel says how places are written."),
            LguestError.ReplayDiverged => (ErrorCategory.InvalidResult, "Step-LguestGuest -Back leads to what came before; about_Lguest_Checkpoints says what makes a run another one."),
            LguestError.ConsoleFull => (ErrorCategory.LimitsExceeded, "Run the guest until it has read its input."),
            LguestError.InvalidAddress => (ErrorCategory.InvalidArgument, "Write a number, a symbol or a register, such as 0xc0100000, schedule+0x1a or esp; $guest.Symbols.StartingWith('…') lists symbols, and New-LguestGuest -SymbolPath gives a guest its System.map."),
            LguestError.NotInitialised => (ErrorCategory.InvalidOperation, "Step-LguestGuest -Hypercall LGUEST_INIT leads a guest there."),
            LguestError.AddressNotMapped => (ErrorCategory.ReadError, "Get-LguestPageTable shows how an address is translated, and with -Tree what is mapped."),
            LguestError.InvalidValue => (ErrorCategory.InvalidArgument, "Give a value that fits; about_Lguest_Inspecting tells what may be set, and Get-LguestDescriptor lists the segments that a selector can name."),
            _ => (ErrorCategory.NotSpecified, ""),
        };
        return Record(e, $"{e.Error}", category, target ?? e.Path, advice, e.Error switch
        {
            // The engine says what is missing; which parameter gives it only this layer knows.
            LguestError.NotRecorded => $"{e.Message} {advice}",
            _ => e.Message,
        });
    }

    public static ErrorRecord GuestNotFound(string name, bool pathsToo) => Record(
        new ItemNotFoundException($"There is no guest named '{name}'{(pathsToo ? ", nor a definition at that path" : "")}."),
        "GuestNotFound", ErrorCategory.ObjectNotFound, name,
        "Get-LguestGuest lists the guests; New-LguestGuest makes one from a definition.");

    /// <summary>For what needs a definition with a kernel.</summary>
    public static LguestException NoDefinition(Guest guest) =>
        new(LguestError.InvalidValue, $"Guest '{guest.Name}' plays a script; it has no kernel, and so no definition that a file could hold.");

    public static ErrorRecord DefinitionNotFound(string path) => Record(
        new ItemNotFoundException($"There is no definition at '{path}'."),
        "DefinitionNotFound", ErrorCategory.ObjectNotFound, path, "Give the path of a YAML file; about_Lguest_Definitions shows one.");

    public static ErrorRecord RecordingNotFound(string path) => Record(
        new ItemNotFoundException($"There is no recording at '{path}'."),
        "RecordingNotFound", ErrorCategory.ObjectNotFound, path, "Give the path of a file that Start-LguestGuest -RecordPath wrote.");

    public static ErrorRecord CheckpointNotFound(string path) => Record(
        new ItemNotFoundException($"There is no checkpoint at '{path}'."),
        "CheckpointNotFound", ErrorCategory.ObjectNotFound, path, "Give the path of a file that Checkpoint-LguestGuest -Path wrote, or the name of a guest.");

    public static LguestException GuestNotInFile(string path, string wanted, IReadOnlyCollection<string> known) =>
        new(LguestError.InvalidValue, $"'{path}' defines no guest '{wanted}'{DefinitionText.Instead(wanted, known)}") { Path = path };

    public static LguestException OneNameForMany(string path, IReadOnlyCollection<string> guests) =>
        new(LguestError.InvalidValue, $"-Name names one guest, and '{path}' defines {guests.Count}: {string.Join(", ", guests)}; choose one with -Select") { Path = path };

    public static ErrorRecord KernelNotFound(string pattern) => Record(
        new ItemNotFoundException($"No file is named like '{pattern}'."),
        "KernelNotFound", ErrorCategory.ObjectNotFound, pattern, "Give the path of a vmlinux or bzImage, or a pattern that fits some.");

    public static ErrorRecord NotAFile(string path) => Record(
        new PSNotSupportedException($"'{path}' is not a path of the file system."),
        "NotAFile", ErrorCategory.InvalidArgument, path, "Give a path on a drive of the FileSystem provider.");

    public static ErrorRecord NoTerminal(Guest guest) => Record(
        new InvalidOperationException($"There is no terminal for the console of guest '{guest.Name}': input or output is redirected."),
        "NoTerminal", ErrorCategory.InvalidOperation, guest, "Send-LguestConsole and Receive-LguestConsole need no terminal.");

    public static ErrorRecord NotSeen(Guest guest, System.Text.RegularExpressions.Regex expected, string why, string tail) => Record(
        new TimeoutException($"Guest '{guest.Name}' has not written '{expected}': {why}. {(tail.Length == 0 ? "It has written nothing." : $"The end of its text is:\n{tail}")}"),
        "ConsoleTextNotSeen", ErrorCategory.OperationTimeout, guest, "Receive-LguestConsole gives all of the text; -TimeLimit waits longer.");

    public static ErrorRecord NoneSeen(IReadOnlyList<GuestJob> jobs, System.Text.RegularExpressions.Regex expected) => Record(
        new InvalidOperationException($"None of the guests has written '{expected}': {string.Join(", ", jobs.Select(job => $"'{job.Guest.Name}' {(job.Guest.HasEnded ? "has ended" : "stands still")} ({job.Guest.StateReason})"))}."),
        "ConsoleTextNotSeen", ErrorCategory.InvalidResult, jobs.Select(job => job.Guest).ToArray(), "Receive-LguestConsole gives all of their text.");

    public static ErrorRecord UnexpectedEnding(Guest guest, IReadOnlyList<EndingKind> wanted, string tail) => Record(
        new InvalidOperationException($"Guest '{guest.Name}' was to end with {string.Join(" or ", wanted)}, but {(guest.Ending is { } ending ? $"ended with {ending.Kind}: {ending.Reason}" : guest.Driver is null ? $"stands still: {guest.StateReason}" : "is still running")}.{(tail.Length == 0 ? "" : $" The end of its text is:\n{tail}")}"),
        "UnexpectedEnding", ErrorCategory.InvalidResult, guest, "Its last event says where; Step-LguestGuest -Back leads there if it was recorded.");

    public static LguestException ConsoleFull(Guest guest, int typed, int all) =>
        new(LguestError.ConsoleFull, $"Guest '{guest.Name}' does not read what is typed: {typed:N0} of {all:N0} bytes were typed, the rest was not. Run it until it has read them.");

    public static ErrorRecord AddressMissing(Guest guest) => Record(
        new ArgumentException($"There is no address to read in guest '{guest.Name}'."),
        "AddressMissing", ErrorCategory.InvalidArgument, guest, "Give -Address a number, a symbol or a register, such as 0xc0100000, lguest_data or esp.");

    public static ErrorRecord NoJob(Guest guest) => Record(
        new InvalidOperationException($"Guest '{guest.Name}' is not run by a job."),
        "GuestHasNoJob", ErrorCategory.InvalidOperation, guest, "Start-LguestGuest -AsJob runs a guest in a job.");

    public static ErrorRecord JobNotIn(GuestJob job, JobState wanted) => Record(
        new InvalidOperationException($"Job {job.Id} of guest '{job.Guest.Name}' is {job.JobStateInfo.State}, not {wanted}."),
        "JobNotInState", ErrorCategory.InvalidOperation, job.Guest, "Get-Job shows the state of jobs.");

    public static ErrorRecord GuestCrashed(Guest guest, GuestEnding ending) => Record(
        new InvalidOperationException($"Guest '{guest.Name}' {(ending.Kind == EndingKind.Killed ? "was ended" : "crashed")}: {ending.Reason}."),
        "GuestCrashed", ErrorCategory.InvalidResult, guest, "Its last event says where; Step-LguestGuest -Back leads there if it was recorded.");

    public static ErrorRecord NoPester() => Record(
        new InvalidOperationException("Pester is not loaded, or older than version 5."),
        "PesterNotLoaded", ErrorCategory.InvalidOperation, null, "Import-Module Pester first; in a test file it is there already.");

    /// <summary>The same sentence as the engine's, for a guest that is seen to be busy before it is driven.</summary>
    public static LguestException Busy(Guest guest) =>
        new(LguestError.GuestBusy, $"Guest '{guest.Name}' is being run by {guest.Driver ?? "another"}; stop it or wait for it first.");

    public static LguestException DoesNotFit(object value, MemoryType type) =>
        new(LguestError.InvalidValue, $"'{value}' does not fit in a {type}.");

    public static LguestException UnknownHypercall(AbiProfile abi, string text) =>
        new(LguestError.InvalidDefinition,
            $"ABI profile '{abi.Name}' has no hypercall '{text}'{KnownLines.Instead(text, [.. abi.Hypercalls.Select(call => call.Name)])}");

    public static LguestException AmbiguousHypercall(AbiProfile abi, string text) =>
        new(LguestError.InvalidDefinition,
            $"'{text}' means several hypercalls of ABI profile '{abi.Name}'; name one of {string.Join(", ", abi.Hypercalls.Select(call => call.Name))}");

    public static LguestException UnknownArgument(HypercallDefinition call, string text) =>
        new(LguestError.InvalidDefinition,
            $"{call.Name} has no argument '{text}'{(call.Parameters.Count == 0 ? "; it has none" : DefinitionText.Instead(text, [.. call.Parameters.Select(parameter => parameter.Name)]))}");

    public static LguestException UnknownRegister(string text) =>
        new(LguestError.InvalidValue, $"there is no register '{text}'{DefinitionText.Instead(text, [.. GuestInspector.RegisterNames])}");

    public static LguestException UnknownDevice(Guest guest, string text, IReadOnlyCollection<string> known) =>
        new(LguestError.InvalidValue, $"guest '{guest.Name}' has no device '{text}'{(known.Count == 0 ? "; it has none at all" : KnownLines.Instead(text, known))}");

    public static LguestException AmbiguousDevice(Guest guest, string text) =>
        new(LguestError.InvalidValue, $"'{text}' means several devices of guest '{guest.Name}'; name one, or * for any");

    public static LguestException NoVirtqueues(Guest guest) =>
        new(LguestError.InvalidValue, $"guest '{guest.Name}' has no virtqueues: it is of ABI profile {guest.Abi.Name}, whose devices are reached by DMA; Get-LguestDma shows its buffers");

    public static LguestException UnknownTrap(string text) =>
        new(LguestError.InvalidDefinition, $"'{text}' is not a trap; {(DefinitionText.Nearest(text, StepArguments.TrapNames) is { } nearest ? $"did you mean '{nearest}'? Or " : "")}write a vector from 0 to 255, a name such as #PF, or * for any");

    public static LguestException UnknownInterrupt(string text) =>
        new(LguestError.InvalidDefinition, $"'{text}' is not a virtual interrupt; write a number from 0 to 31, or * for any");

    public static ErrorRecord BreakpointNotFound(int id) => Record(
        new ItemNotFoundException($"There is no breakpoint {id}."),
        "BreakpointNotFound", ErrorCategory.ObjectNotFound, id, "Get-LguestBreakpoint lists the breakpoints.");

    public static LguestException NoCheckpoint(Guest guest) =>
        new(LguestError.InvalidCheckpoint, $"Guest '{guest.Name}' has no checkpoint in memory; Checkpoint-LguestGuest takes one.");

    /// <summary>A guest of another process has no meaning here, whatever its name.</summary>
    public static string FromElsewhere(PSObject given)
    {
        string host = $"{given.Properties["PSComputerName"]?.Value ?? given.Properties["HostName"]?.Value}", process = $"{given.Properties["ProcessId"]?.Value}";
        string where = (process, host) switch
        {
            ("", "") => "",
            ("", _) => $" (on {host})",
            (_, "") => $" (process {process})",
            _ => $" (process {process} on {host})",
        };
        string kind = given.TypeNames.FirstOrDefault() is { } type ? type[(type.LastIndexOf('.') + 1)..] : "object";
        string what = given.Properties["Guest"]?.Value is string guest ? $"This {kind} of guest '{guest}'" : $"'{given.Properties["Name"]?.Value ?? given}'";
        return $"{what} is a copy of an object in another process{where}: it cannot be used on the guests that are here. Use Invoke-Command to do it there, or give the name of a guest.";
    }

    public static ErrorRecord FromElsewhere(object given) => Record(
        new ArgumentException(FromElsewhere(PSObject.AsPSObject(given))),
        "ObjectFromElsewhere", ErrorCategory.InvalidArgument, given, "Invoke-Command runs a cmdlet where the guest is.");

    public static ErrorRecord MachineUnavailable(string machine, MachineUnavailableException e) => Record(
        e, "MachineUnavailable", ErrorCategory.ResourceUnavailable, machine, e.Remedy, $"{e.Message.TrimEnd('.')}. {e.Remedy}");

    public static ErrorRecord GuestGivenTwice(object named) => Record(
        new ArgumentException("A guest is piped, and -Guest names one as well."),
        "GuestGivenTwice", ErrorCategory.InvalidArgument, named, "Pipe the guest or name it, not both.");

    public static ErrorRecord ArgumentWithoutPlace(object? argument) => Record(
        new ArgumentException($"There is no place for the argument '{argument}': the guest was piped already."),
        "ArgumentWithoutPlace", ErrorCategory.InvalidArgument, argument, "Get-Help shows the parameters.");

    public static ErrorRecord InvalidArgument(string parameter, Exception e) => Record(
        new ArgumentException($"-{parameter}: {e.Message}", e),
        "InvalidArgument", ErrorCategory.InvalidArgument, parameter, "Get-Help shows what the parameter takes.");

    /// <summary>An argument that can be written in several ways and was written in none.</summary>
    public static ErrorRecord ArgumentMissing(string what, params string[] parameters) => Record(
        new ArgumentException($"{what} is missing; give {string.Join(" or ", parameters.Select(name => $"-{name}"))}."),
        "ArgumentMissing", ErrorCategory.InvalidArgument, null, "Get-Help shows the parameters.");

    private static ErrorRecord Record(Exception e, string id, ErrorCategory category, object? target, string advice, string? message = null) =>
        new(e, id, category, target) { ErrorDetails = new ErrorDetails(message ?? e.Message) { RecommendedAction = advice } };

    private static ErrorCategory FileCategory(Exception? inner) => inner switch
    {
        UnauthorizedAccessException => ErrorCategory.PermissionDenied,
        null or FileNotFoundException or DirectoryNotFoundException => ErrorCategory.ObjectNotFound,
        _ => ErrorCategory.OpenError,
    };
}
