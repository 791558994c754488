BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $guests = "$PSScriptRoot/../guests"

    function New-Parser {
        $guest = New-LguestGuest -Kernel $guests/parser.elf -Memory 4MB -Clock Virtual -Device console -Abi dma-2007-10
        $guest | Send-LguestConsole -Expect 'ready' | Out-Null
        $guest
    }
}

AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'Invoke-LguestFuzz' {
    BeforeAll { $ready = New-Parser | Checkpoint-LguestGuest }

    It 'finds what crashes a guest, and makes it small' {
        $find = $ready | Invoke-LguestFuzz -Console -MostBytes 16 -Dictionary set8, get, = -UntilIdle -Kind Ending -Minimize -Count 30000 |
            Select-Object -First 1
        $find.Kind | Should -Be Ending
        $find.What | Should -Match 'Fatal exception \(BUG: .* in obey\)'
        "$($find.Input)" | Should -BeLike 'console="set8=*'
        $find.LengthBefore | Should -BeGreaterOrEqual $find.Input.Parts[0].Bytes.Length
    }

    It 'makes a recorded guest of a find' {
        $crash = $ready | Invoke-LguestFuzz -Text 'set8=x' -UntilIdle -Count 20 | Where-Object Kind -EQ Ending | Select-Object -First 1
        $found = $crash | New-LguestGuest -Name found
        $found.Name | Should -Be found
        $found.Ending.Kind | Should -Be Crashed
        $found | Step-LguestGuest -Back -Trap '#PF' | Out-Null
        $found.PendingTrap.Vector | Should -Be 14
        (Get-LguestGuest found).State | Should -Be Paused
    }

    It 'changes the guest by a script with repeatable random numbers' {
        $script = { $_ | Send-LguestConsole "set$($Random.Next(10))=$([char]$Random.Next(97, 123))" }
        $finds = @($ready | Invoke-LguestFuzz -Mutate $script -UntilIdle -Count 60 -Seed 5)
        $again = @($ready | Invoke-LguestFuzz -Mutate $script -UntilIdle -Count 60 -Seed 5)
        $finds.Kind | Should -Contain Ending
        $again.Run | Should -Be $finds.Run
        $again.What | Should -Be $finds.What
        $finds[0].Input.HasChange | Should -BeTrue
    }

    It 'ends a run where a script says so' {
        $find = $ready | Invoke-LguestFuzz -Text 'get1' -Until { $_.ConsoleText -match '0\n$' } -Count 2 -Kind Edges | Select-Object -Last 1
        $find.ConsoleText | Should -Be "0`n"
        $find.Standstill | Should -Be Instruction
    }

    It 'finds the same with two threads' {
        $common = @{ Console = $true; Dictionary = 'set', 'get', '='; UntilIdle = $true; Count = 1000; Seed = 2 }
        $one = $ready | Invoke-LguestFuzz @common
        $two = $ready | Invoke-LguestFuzz @common -ThrottleLimit 2
        ($two | ForEach-Object { "$($_.Run) $_" }) | Should -Be ($one | ForEach-Object { "$($_.Run) $_" })
    }

    It 'keeps a corpus and goes on from it' {
        $folder = Join-Path $TestDrive corpus
        $finds = $ready | Invoke-LguestFuzz -Text 'set8=x' -UntilIdle -Count 50 -CorpusPath $folder
        $crash = $finds | Where-Object Kind -EQ Ending
        Test-Path $crash.RecordingPath | Should -BeTrue
        $replay = New-LguestGuest -Replay $crash.RecordingPath
        $replay | Wait-LguestGuest | Out-Null
        $replay.Ending | Should -Be $crash.Ending
        $ready | Invoke-LguestFuzz -Text 'set8=x' -UntilIdle -Count 50 -CorpusPath $folder | Where-Object Kind -EQ Ending | Should -BeNullOrEmpty
    }

    It 'reads a checkpoint from a file' {
        $file = Join-Path $TestDrive ready.checkpoint
        $ready.Save($file)
        Invoke-LguestFuzz -Path $file -Register eip -UntilIdle -Count 20 -Kind Ending | Should -Not -BeNullOrEmpty
    }

    It 'shows a find in a table and as a list' {
        $find = $ready | Invoke-LguestFuzz -Text 'set8=x' -UntilIdle -Count 5 | Where-Object Kind -EQ Ending
        ($find | Out-String) | Should -Match 'Ending'
        ($find | Format-List | Out-String) | Should -Match 'Input\s+: console="set8=x\\n"'
    }

    It 'refuses <because>' -ForEach @(
        @{ because = 'to change nothing'; with = @{ UntilIdle = $true }; message = 'nothing is changed*' }
        @{ because = 'a script on several threads'; with = @{ Mutate = { }; ThrottleLimit = 2 }; message = 'scripts are run on one thread*' }
        @{ because = 'a symbol that is not there'; with = @{ Memory = 'nowhere' }; message = "'nowhere' is neither*" }
        @{ because = 'a card that is not there'; with = @{ Device = 'net0' }; message = "*no network card 'net0'*" }
    ) {
        $ready | Invoke-LguestFuzz @with -Count 1 -ErrorVariable problem -ErrorAction SilentlyContinue
        "$problem" | Should -BeLike $message
    }

    It 'refuses a guest in real time' {
        $real = New-LguestGuest -Kernel $guests/parser.elf -Memory 4MB -Clock Host -Device console -Abi dma-2007-10 | Checkpoint-LguestGuest
        $real | Invoke-LguestFuzz -Console -Count 1 -ErrorVariable problem -ErrorAction SilentlyContinue
        "$problem" | Should -BeLike "*its guest's clock is 'host'*"
    }
}
