# What all stand-ins share: the description of the machine ($env:READINESS_MACHINE, JSON), and errors.
# A stand-in is right as far as the sources beside it; no real Windows was at hand.

$script:description = $null

function Get-MachinePart([string]$Name) {
    if (-not $script:description) {
        $script:description = ConvertFrom-Json ([IO.File]::ReadAllText($env:READINESS_MACHINE))
    }
    $script:description.$Name
}

function New-Failure([string]$Id, [string]$Category, [string]$Message, [object]$Of) {
    New-Object Management.Automation.ErrorRecord (New-Object Exception $Message), $Id, $Category, $Of
}

function Test-Administrator { $env:POWERSHELL_ADMIN -ne '0' }

# CreationTime cannot be set on Linux; the time of the last change stands for it.
Update-TypeData -TypeName System.IO.FileInfo -MemberType ScriptProperty -MemberName CreationTimeUtc -Value { $this.LastWriteTimeUtc } -Force

Export-ModuleMember -Function Get-MachinePart, New-Failure, Test-Administrator
