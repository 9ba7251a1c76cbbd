# Entries of both uninstall views whose display name is one that was asked for; a star at its end stands for any end.
foreach ($asked in $args) {
    $found = @(foreach ($view in 'Registry64', 'Registry32') {
        $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', $view)
        $uninstall = $hive.OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')
        if (-not $uninstall) { continue }
        foreach ($key in $uninstall.GetSubKeyNames()) {
            $entry = $uninstall.OpenSubKey($key)
            $title = [string]$entry.GetValue('DisplayName')
            $same = $title -eq $asked
            if ($asked.EndsWith('*')) {
                $same = $title.StartsWith($asked.TrimEnd('*'), [StringComparison]::OrdinalIgnoreCase)
            }
            if ($same) { @{ view = $view; key = $key; title = $title; version = [string]$entry.GetValue('DisplayVersion') } }
        }
    })
    @{ asked = $asked; found = [object[]]$found }
}
