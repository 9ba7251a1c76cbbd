# What the registry says of TLS, raw: an absent value is null, and what that means depends on the build.
$hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$base = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL'
function Value([string]$path, [string]$name) {
    $key = $hive.OpenSubKey($path)
    if ($key) { return $key.GetValue($name) }
    $null
}
$protocols = foreach ($protocol in 'SSL 2.0', 'SSL 3.0', 'TLS 1.0', 'TLS 1.1', 'TLS 1.2', 'TLS 1.3') {
    foreach ($side in 'Client', 'Server') {
        $path = "$base\Protocols\$protocol\$side"
        @{ protocol = $protocol; side = $side; enabled = Value $path 'Enabled'; off = Value $path 'DisabledByDefault' }
    }
}
$ciphers = $hive.OpenSubKey("$base\Ciphers")
$named = @(if ($ciphers) { foreach ($one in $ciphers.GetSubKeyNames()) { @{ cipher = $one; enabled = Value "$base\Ciphers\$one" 'Enabled' } } })
@{
    build = Value 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'CurrentBuild'
    protocols = [object[]]@($protocols); ciphers = [object[]]$named
}
