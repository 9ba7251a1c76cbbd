# The addresses that the host itself has; those that are not in use, tentative or another machine's too, are left out.
if (Get-Command Get-NetIPAddress -ErrorAction SilentlyContinue) {
    foreach ($one in Get-NetIPAddress) {
        if ('Preferred', 'Deprecated' -contains [string]$one.AddressState) { @{ address = [string]$one.IPAddress } }
    }
}
else {
    foreach ($adapter in Get-CimInstance Win32_NetworkAdapterConfiguration -Filter 'IPEnabled=TRUE') {
        foreach ($address in @($adapter.IPAddress | Where-Object { $_ })) { @{ address = [string]$address } }
    }
}
