# State, start, account and process of each service that was asked for; CIM's words are not translated.
$started = @{}
foreach ($process in Get-CimInstance Win32_Process -Property ProcessId, CreationDate) {
    if ($process.CreationDate) { $started[[string]$process.ProcessId] = $process.CreationDate.ToUniversalTime().ToString('o') }
}
$services = @(Get-CimInstance Win32_Service)
if (-not $services) { throw 'not one service is listed, and every Windows has some' }
foreach ($asked in $args) {
    $service = $services | Where-Object { $_.Name -eq $asked }
    if (-not $service) { @{ asked = $asked; there = $false }; continue }
    @{
        asked = $asked; there = $true
        state = [string]$service.State; start = [string]$service.StartMode
        account = [string]$service.StartName; process = [long]$service.ProcessId
        started = $started[[string]$service.ProcessId]
    }
}
