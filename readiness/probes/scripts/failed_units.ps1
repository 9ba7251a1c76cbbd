# Services that start by themselves, ended, and left an exit code; 1077 is that of those not started since the boot.
$services = @(Get-CimInstance Win32_Service)
$failed = foreach ($one in $services) {
    $code = [long]$one.ExitCode
    if ($one.StartMode -eq 'Auto' -and $one.State -eq 'Stopped' -and $code -ne 0 -and $code -ne 1077) { [string]$one.Name }
}
@{ read = $services.Count; failed = [object[]]@($failed | Where-Object { $_ }) }
