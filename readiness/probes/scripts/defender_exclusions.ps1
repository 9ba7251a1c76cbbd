# What Defender leaves alone; absent before Server 2016 and where it was removed. Without rights it says so in a text.
if (-not (Get-Command Get-MpPreference -ErrorAction SilentlyContinue)) { @{ defender = $false } }
else {
    $preference = Get-MpPreference
    @{
        defender = $true
        paths = [object[]]@($preference.ExclusionPath | Where-Object { $_ })
        processes = [object[]]@($preference.ExclusionProcess | Where-Object { $_ })
        extensions = [object[]]@($preference.ExclusionExtension | Where-Object { $_ })
        real_time = -not $preference.DisableRealtimeMonitoring
    }
}
