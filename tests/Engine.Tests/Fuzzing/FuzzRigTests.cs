using System.Text;
using LguestPS.Fuzzing;
using LguestPS.State;
using Xunit;

namespace LguestPS.Tests.Fuzzing;

/// <summary>Each run begins at the checkpoint, exactly; what is changed is what was asked for; and the ways through the code are noted whatever runs it.</summary>
public class FuzzRigTests
{
    private static readonly string[] Commands = ["set1=x", "get1", "spin", "set8=!", "nonsense", "", "get9\nset2=\nget2", "set8=!"];

    [Theory]
    [InlineData(CompileChoice.Auto)]
    [InlineData(CompileChoice.Off)]
    public void After_every_run_the_guest_is_what_the_checkpoint_says(CompileChoice compile)
    {
        using Guest guest = FuzzerTests.Ready(compile);
        using FuzzRig rig = Rig(guest);
        string before = Shown(guest);
        Assert.Equal(before, Shown(rig.Guest));
        foreach (string command in Commands)
        {
            Run(rig, command);
            Assert.NotEqual(before, Shown(rig.Guest));
            rig.Restore();
            Assert.Equal(before, Shown(rig.Guest));
        }
    }

    [Fact]
    public void A_run_is_the_same_whatever_ran_before()
    {
        using Guest guest = FuzzerTests.Ready();
        using FuzzRig used = Rig(guest);
        foreach (string command in Commands.Concat(Commands.Reverse()))
        {
            using FuzzRig fresh = Rig(guest);
            EdgeRecord first = new(), second = new();
            FuzzOutcome was = Run(fresh, command, first), now = Run(used, command, second);
            Assert.Equal((was.Standstill, was.Ending, was.Fault, was.Instructions, was.End), (now.Standstill, now.Ending, now.Fault, now.Instructions, now.End));
            Assert.Equal(was.Console, now.Console);
            Assert.Equal(was.Edges, now.Edges);
            Assert.Equal(Shown(fresh.Guest), Shown(used.Guest));
        }
    }

    [Fact]
    public void Edges_are_the_same_in_chains_and_in_machine_code()
    {
        using Guest chains = FuzzerTests.Ready(CompileChoice.Off), compiled = FuzzerTests.Ready();
        using FuzzRig slow = Rig(chains), fast = Rig(compiled);
        for (int round = 0; round < 40; round++)
        {
            foreach (string command in Commands)
            {
                FuzzOutcome was = Run(slow, command, new EdgeRecord()), now = Run(fast, command, new EdgeRecord());
                Assert.Equal((was.Instructions, was.End), (now.Instructions, now.End));
                Assert.Equal(was.Edges, now.Edges);
            }
        }
        Assert.True(fast.Guest.CompiledInstructionCount > 0 || CompiledCodeIsMissing(compiled));
        Assert.Equal(0, slow.Guest.CompiledInstructionCount);
    }

    [Fact]
    public void Noting_edges_changes_nothing_else()
    {
        using Guest guest = FuzzerTests.Ready();
        using FuzzRig noting = Rig(guest), plain = new(FuzzerTests.Options(guest) with { Coverage = false }, [FuzzTarget.Console()], default);
        foreach (string command in Commands)
        {
            FuzzOutcome was = Run(plain, command, new EdgeRecord()), now = Run(noting, command, new EdgeRecord());
            Assert.Equal((was.Instructions, was.End, was.Ending), (now.Instructions, now.End, now.Ending));
            Assert.Empty(was.Edges);
            Assert.Equal(Shown(plain.Guest), Shown(noting.Guest));
        }
    }

    [Fact]
    public void A_longer_loop_takes_the_same_edges_more_often_and_another_command_others()
    {
        using Guest guest = FuzzerTests.Ready();
        using FuzzRig rig = Rig(guest);
        EdgeRecord record = new();
        Assert.True(record.Add(Run(rig, "get1", record).Edges).Edges > 0);
        Assert.Equal((0, false), record.Add(Run(rig, "get1", record).Edges));
        Assert.Equal((0, false), record.Add(Run(rig, "get2", record).Edges));
        Assert.True(record.Add(Run(rig, "set2=1", record).Edges).Edges > 0);
    }

    [Fact]
    public void Memory_and_registers_get_what_the_input_has()
    {
        using Guest guest = FuzzerTests.Ready();
        FuzzOptions options = FuzzerTests.Options(guest) with { Targets = [FuzzTarget.Memory("table", 4), FuzzTarget.Register("EDI"), FuzzTarget.Console()] };
        using FuzzRig scout = new(options, [], default);
        FuzzTarget[] targets = [.. options.Targets.Select(target => target.In(scout.Guest))];
        using FuzzRig rig = new(options, targets, default);
        FuzzInput original = rig.Original();
        Assert.Equal([new byte[4], BitConverter.GetBytes(guest.Cpu.Registers.Edi), []], original.Parts.Select(part => part.Bytes));
        FuzzInput input = original.With(0, [7, 0, 0, 0]).With(1, [1, 2, 3, 4]).With(2, "get0\n"u8.ToArray());
        FuzzOutcome outcome = rig.Run(ref input, random: null, known: null);
        Assert.Equal("7\n", Encoding.ASCII.GetString(outcome.Console));
        Assert.Equal($"memory-{guest.Symbols!.AddressOf("table"):x8}=07000000 edi=01020304 console=\"get0\\n\"", input.ToString());
    }

    [Fact]
    public void A_run_ends_where_it_is_wanted()
    {
        using Guest guest = FuzzerTests.Ready();
        FuzzOptions options = FuzzerTests.Options(guest) with { UntilIdle = false };
        Assert.Equal(Standstill.Dma, End(options with { UntilText = "ok" }));
        Assert.Equal(Standstill.InstructionLimit, End(options with { InstructionLimit = 500 }));
        Assert.Equal(Standstill.Breakpoint, End(options with { Until = [new HypercallTarget([Call.SendDma], "SEND_DMA")] }));
        Assert.Equal(Standstill.Breakpoint, End(options with { Until = [new AddressTarget(guest.Symbols!.AddressOf("print")!.Value, "print")] }));
        Assert.Equal(Standstill.Instruction, End(options with { UntilCondition = here => here.ConsoleText.EndsWith("ok\n", StringComparison.Ordinal) }));
        Assert.Equal(Standstill.WaitingForInput, End(options));

        Standstill End(FuzzOptions wanted)
        {
            using FuzzRig rig = new(wanted, [FuzzTarget.Console()], default);
            return Run(rig, "set1=1").Standstill;
        }
    }

    [Fact]
    public void What_a_script_changed_is_the_input()
    {
        using Guest guest = FuzzerTests.Ready();
        FuzzOptions options = FuzzerTests.Options(guest) with { Targets = [], Mutate = (it, random) => it.SendConsole($"set{random.Next(10)}={(char)('a' + random.Next(26))}\n"), Count = 200 };
        FuzzFind crash = new Fuzzer(options).Run().First(find => find.Kind == FuzzFindKind.Ending);
        Assert.True(crash.Input.HasChange);
        using Guest found = crash.CreateGuest();
        Assert.Equal(crash.Ending, found.Ending);
        Assert.Equal(crash.ConsoleText, found.ConsoleText[guest.ConsoleText.Length..]);
        using TempFolder folder = new();
        crash.SaveRecording(folder.Path("crash"));
        Assert.Equal(crash.Position.Instructions, RecordedRun.Load(folder.Path("crash")).End.Instructions);
    }

    [Fact]
    public void A_corpus_is_gone_on_from()
    {
        using Guest guest = FuzzerTests.Ready();
        using TempFolder folder = new();
        FuzzOptions options = FuzzerTests.Options(guest) with { CorpusPath = folder.Path("corpus"), Inputs = [["set7=a\n"u8.ToArray()]], Count = 12_000 };
        FuzzFind crash = Assert.Single(new Fuzzer(options).Run(), find => find.Kind == FuzzFindKind.Ending);
        Assert.True(File.Exists(crash.RecordingPath));
        Assert.StartsWith("ending-", Path.GetFileName(crash.RecordingPath));
        Assert.NotEmpty(Directory.EnumerateFiles(folder.Path("corpus"), "*.console"));

        File.WriteAllText(Path.Combine(folder.Path("corpus"), "!mine.txt"), "spin");
        Fuzzer second = new(options);
        List<FuzzFind> finds = [.. second.Run()];
        Assert.DoesNotContain(finds, find => find.Kind == FuzzFindKind.Ending);     // it is known
        Assert.Contains(finds, find => find.Input.ToString() == "console=\"spin\\n\"");
        Assert.True(finds[0].Run > 12_000);
    }

    [Fact]
    public void What_cannot_be_fuzzed_is_refused()
    {
        using Guest guest = FuzzerTests.Ready();
        FuzzOptions options = FuzzerTests.Options(guest);
        Assert.Contains("nothing is changed", Refused(options with { Targets = [] }));
        Assert.Contains("one thread", Refused(options with { Mutate = (_, _) => { }, Threads = 2 }));
        Assert.Contains("no network card 'net0'", Refused(options with { Targets = [FuzzTarget.Frame("net0")] }));
        Assert.Contains("'nowhere' is neither", Refused(options with { Targets = [FuzzTarget.Memory("nowhere", 4)] }));
        Assert.Contains("no memory at all of 0xff000000", Refused(options with { Targets = [FuzzTarget.Memory("0xff000000", 4)] }));
        Assert.Contains("no register", Refused(options with { Targets = [FuzzTarget.Register("cr3")] }));
        using Guest inRealTime = Guest.Create(guest.Definition with { Name = "real", Clock = ClockKind.Host });
        Assert.Contains("clock is 'host'", Refused(options with { Checkpoint = inRealTime.TakeCheckpoint() }));

        static string Refused(FuzzOptions options) => Assert.Throws<LguestException>(() => new Fuzzer(options with { Count = 1 }).Run().ToList()).Message;
    }

    [Theory]
    [InlineData("[   12.345678] BUG: unable to handle kernel NULL pointer dereference at 00000004\n[   12.3] IP: [<c0123456>] do_it+0x12/0x80\n", "BUG: unable to handle kernel NULL pointer dereference at … in do_it")]
    [InlineData("Oops: 0002 [#3]\nEIP is at sys_read+0x1f/0x40\n", "Oops: 0002 [#…] in sys_read")]
    [InlineData("Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n", "Kernel panic - not syncing: Attempted to kill init! exitcode=…")]
    [InlineData("all is well\n", null)]
    public void Texts_of_faults_are_told_apart_by_what_does_not_change(string text, string? signature) =>
        Assert.Equal(signature?.Replace("[#…]", "[…]"), FaultText.Signature(Encoding.ASCII.GetBytes(text)));

    private static FuzzRig Rig(Guest guest) => new(FuzzerTests.Options(guest), [FuzzTarget.Console()], default);

    private static FuzzOutcome Run(FuzzRig rig, string command, EdgeRecord? known = null)
    {
        FuzzInput input = new([new FuzzPart("console", Encoding.ASCII.GetBytes(command + "\n"))]);
        return rig.Run(ref input, random: null, known);
    }

    private static bool CompiledCodeIsMissing(Guest guest) => ((LguestPS.Cpu.Emulated.EmulatedCpu)guest.Cpu).Translations.Compiled is null;

    /// <summary>All that decides how a guest goes on.</summary>
    private static string Shown(Guest guest)
    {
        StateWriter state = new();
        guest.Save(state);
        return $"{ContentHash.Of(state.ToArray()):x} {ContentHash.Of(guest.Memory.Read(0, guest.Memory.Size)):x}";
    }
}
