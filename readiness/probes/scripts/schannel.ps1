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
$net = foreach ($path in 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319', 'SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319') {
    @{ key = $path; strong = Value $path 'SchUseStrongCrypto'; system = Value $path 'SystemDefaultTlsVersions' }
}
@{
    build = Value 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'CurrentBuild'
    protocols = [object[]]@($protocols); ciphers = [object[]]$named; net = [object[]]@($net)
}
