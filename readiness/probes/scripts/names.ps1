# The addresses of each name and the names of each address, as this host's own resolver tells (hosts file included).
function Records([string]$asked) {
    try { Resolve-DnsName -Name $asked -QuickTimeout }
    catch {
        # 9003: no such name. 9501: no record of the kind.
        if ($_.FullyQualifiedErrorId -notmatch '^DNS_(ERROR_RCODE_NAME_ERROR|INFO_NO_RECORDS),') { throw }
    }
}
foreach ($name in $args) {
    $addresses = @(Records $name | Where-Object { $_.IPAddress -and [string]$_.Section -eq 'Answer' } |
            ForEach-Object { [string]$_.IPAddress } | Select-Object -Unique)
    @{
        name = $name
        addresses = [object[]]@(foreach ($address in $addresses) {
                $back = @(Records $address | Where-Object { [string]$_.Type -eq 'PTR' } | ForEach-Object { [string]$_.NameHost })
                @{ address = $address; names = [object[]]$back }
            })
    }
}
