# Every entry of both uninstall views that has a display name.
foreach ($view in 'Registry64', 'Registry32') {
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', $view)
    $uninstall = $hive.OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')
    if (-not $uninstall) { continue }
    foreach ($key in $uninstall.GetSubKeyNames()) {
        $entry = $uninstall.OpenSubKey($key)
        $title = [string]$entry.GetValue('DisplayName')
        if ($title) { @{ view = $view; key = $key; title = $title; version = [string]$entry.GetValue('DisplayVersion') } }
    }
}
