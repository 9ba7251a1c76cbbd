# The cipher suites in order: by the cmdlet where there is one, else from the registry, the policy before the local list.
if (Get-Command Get-TlsCipherSuite -ErrorAction SilentlyContinue) {
    @{ by = 'cmdlet'; suites = [object[]]@(Get-TlsCipherSuite | ForEach-Object { [string]$_.Name }) }
}
else {
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $row = @{ by = 'nothing'; suites = [object[]]@() }
    foreach ($place in @('local', 'SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002'),
        @('policy', 'SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002')) {
        $key = $hive.OpenSubKey($place[1])
        if ($key -and $key.GetValueNames() -contains 'Functions') {
            $listed = @($key.GetValue('Functions') | ForEach-Object { ([string]$_).Split(',') } | Where-Object { $_ })
            $row = @{ by = $place[0]; suites = [object[]]$listed }
        }
    }
    $row
}
