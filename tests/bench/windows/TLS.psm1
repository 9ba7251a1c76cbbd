# Get-TlsCipherSuite, from Server 2016 on (winserver2022-ps/tls/Get-TlsCipherSuite.md): the suites in their order.

function Get-TlsCipherSuite {
    [CmdletBinding()]
    param([string]$Name)
    foreach ($suite in @(Get-MachinePart cipher_suites)) {
        if (-not $Name -or $suite.Contains($Name)) { New-Object psobject -Property @{ Name = [string]$suite } }
    }
}

Export-ModuleMember -Function Get-TlsCipherSuite
