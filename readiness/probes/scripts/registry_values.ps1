# Values of the local machine's hive, each asked for as KEY::NAME; not there and not permitted are told apart.
$hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
foreach ($asked in $args) {
    $at = $asked.LastIndexOf('::')
    $path = $asked.Substring(0, $at); $name = $asked.Substring($at + 2)
    $row = @{ asked = $asked; what = 'absent'; kind = $null; value = $null }
    try {
        $key = $hive.OpenSubKey($path)
        if ($key -and $key.GetValueNames() -contains $name) {
            $row.what = 'there'
            $row.kind = [string]$key.GetValueKind($name)
            $value = $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
            $row.value = [object[]]@($value | ForEach-Object { [string]$_ })
        }
    }
    catch [Security.SecurityException], [UnauthorizedAccessException] { $row.what = 'denied' }
    $row
}
