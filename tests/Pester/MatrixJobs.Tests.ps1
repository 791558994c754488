# Matrices that schedulers run: what is written for them, and what is joined of what they leave.

BeforeAll {
    . "$PSScriptRoot/Setup.ps1"
    $matrixFile = Join-Path $TestDrive nightly.yaml
    "definitions: [ '$examples/hello/hello.yaml' ]
parameters: { memory: [8MiB, 16MiB, 24MiB], clock: [virtual] }" | Set-Content $matrixFile
    $matrix = Get-LguestMatrix $matrixFile
}

Describe 'Export-LguestMatrixJob' {
    It 'writes a script for sbatch, and makes the folder for what its tasks write' {
        $file = $matrix | Export-LguestMatrixJob "$TestDrive/n.sbatch" Slurm -OutputPath "$TestDrive/results" -ThrottleLimit 2 -PassThru
        $file.FullName | Should -Be (Join-Path $TestDrive n.sbatch)
        "$TestDrive/results" | Should -Exist
        Get-Content $file | Should -Contain '#SBATCH --array=0-2%2'
    }

    It 'writes an Indexed Job with as many completions as there are tasks' {
        $matrix | Export-LguestMatrixJob "$TestDrive/n.json" Kubernetes -CellsPerTask 2 -Image 'lguest:1'
        $spec = (Get-Content "$TestDrive/n.json" -Raw | ConvertFrom-Json).spec
        $spec.completionMode, $spec.completions, $spec.template.spec.containers[0].image | Should -Be 'Indexed', 2, 'lguest:1'
    }

    It 'refuses an image that would lack a kernel' {
        { $matrix | Export-LguestMatrixJob "$TestDrive/Containerfile" ContainerFile -ErrorAction Stop } | Should -Throw "kernel '*hello.elf' is not in the image, which has the folder '*' of the matrix; put it there and name it by a relative path"
        "$TestDrive/Containerfile" | Should -Not -Exist
    }

    It 'needs a matrix that is in a file' {
        { Get-LguestMatrix -Definition "$examples/hello/hello.yaml" -Name typed | Export-LguestMatrixJob "$TestDrive/x" Slurm -ErrorAction Stop } |
            Should -Throw "matrix 'typed' is in no file that a task could read; write it with Export-LguestMatrix, and read it from there"
    }

    It 'replaces nothing with -NoClobber, and writes nothing with -WhatIf' {
        $file = Join-Path $TestDrive kept.sbatch
        'kept' | Set-Content $file
        { $matrix | Export-LguestMatrixJob $file Slurm -NoClobber -ErrorAction Stop } | Should -Throw '*it is already there, and -NoClobber was given'
        $matrix | Export-LguestMatrixJob $file Slurm -WhatIf
        Get-Content $file | Should -Be 'kept'
    }
}

Describe 'Import-LguestMatrixResult' {
    BeforeAll {
        $results = New-Item -ItemType Directory (Join-Path $TestDrive joined)
        $matrix | Invoke-LguestMatrix -Index 0, 2 -AsJson | Set-Content "$results/one.out"
    }

    It 'joins what is there, and lists the cells that are missing' {
        $joined = Import-LguestMatrixResult $results -ErrorVariable missing -ErrorAction SilentlyContinue
        $joined.Index | Should -Be 0, 2
        $joined.Outcome | Should -Be Passed, Passed
        $missing.Exception.Message | Should -Be '1 of 3 cells have no result: 1'
    }

    It 'gives each cell a result if it knows the matrix' {
        $joined = Import-LguestMatrixResult $results -Matrix $matrix -ErrorAction Stop
        "$($joined.Outcome)" | Should -Be 'Passed NotRun Passed'
        $joined[1].Cell | Should -Be 'hello memory=16MiB clock=virtual'
    }

    It 'lets the last attempt count, and passes over lines that are no results' {
        $again = Get-Content "$results/one.out" | ForEach-Object { $_ -replace '"attempt":1', '"attempt":2' }
        'a line of a job', $again, '' | ForEach-Object { $_ } | Set-Content "$TestDrive/two.out"
        $joined = Get-Item "$TestDrive/two.out", "$results/one.out" | Import-LguestMatrixResult -Matrix $matrix -ErrorAction Stop
        $joined.Where({ $_.Outcome -eq 'Passed' }).Attempt | Should -Be 2, 2
    }

    It 'refuses a line that is no result, with file and line, and takes the others' {
        (Get-Content "$results/one.out")[0], '{"format":1}' | Set-Content "$TestDrive/broken.jsonl"
        $joined = Import-LguestMatrixResult "$TestDrive/broken.jsonl" -Matrix $matrix -ErrorVariable broken -ErrorAction SilentlyContinue
        $joined.Outcome | Should -Be Passed, NotRun, NotRun
        $broken[0].Exception.Message | Should -BeLike "$TestDrive/broken.jsonl(2): this is not the result of a matrix's cell: *"
    }

    It 'refuses results of another matrix' {
        $other = Get-LguestMatrix -Definition "$examples/hello/hello.yaml" -Name nightly
        { Import-LguestMatrixResult $results -Matrix $other -ErrorAction Stop } | Should -Throw "the results are of another matrix 'nightly' than 'nightly': they differ in cells or checks"
    }

    It 'says of a path without results that it has none' {
        { Import-LguestMatrixResult "$TestDrive/nothing*" -ErrorAction Stop } | Should -Throw '*nothing*'
        $empty = New-Item -ItemType Directory (Join-Path $TestDrive empty)
        { Import-LguestMatrixResult $empty -ErrorAction Stop } | Should -Throw "there are no results in '*empty'"
    }
}
