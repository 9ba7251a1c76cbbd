# Resolve-DnsName: a name gives A and AAAA records (an address its PTR), the rest an error by its DNS number
# (DNS_ERROR_RCODE_NAME_ERROR, 9003); a name without the record gives the zone's SOA in the authority section ([K]).

enum RecordType { A = 1; SOA = 6; PTR = 12; AAAA = 28 }
enum ResponseSection { Question = 0; Answer = 1; Authority = 2; Additional = 3 }

function New-Record([string]$Name, [RecordType]$Type, [ResponseSection]$Section, [hashtable]$More) {
    New-Object psobject -Property (@{ Name = $Name; Type = $Type; Section = $Section; TTL = 1200 } + $More)
}

function Resolve-DnsName {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string]$Name, [switch]$QuickTimeout, [switch]$DnsOnly)
    $dns = Get-MachinePart dns
    $address = $null
    $reverse = [Net.IPAddress]::TryParse($Name, [ref]$address)
    $known = $(if ($reverse) { $dns.reverse } else { $dns.forward }).PSObject.Properties[$Name]
    if (-not $known) {
        $id = 'DNS_ERROR_RCODE_NAME_ERROR'
        if ($dns.silent) { $id = 'ERROR_TIMEOUT' }
        $PSCmdlet.WriteError((New-Failure "$id,Microsoft.DnsClient.Commands.ResolveDnsName" ResourceUnavailable "$Name : DNS name does not exist" $Name))
        return
    }
    foreach ($one in @($known.Value)) {
        if ($reverse) { New-Record $Name PTR Answer @{ NameHost = $one } }
        elseif ($one.Contains(':')) { New-Record $Name AAAA Answer @{ IPAddress = $one } }
        else { New-Record $Name A Answer @{ IPAddress = $one } }
    }
    if (-not @($known.Value)) { New-Record $Name SOA Authority @{ PrimaryServer = 'dc01.lab.example' } }
}

Export-ModuleMember -Function Resolve-DnsName
