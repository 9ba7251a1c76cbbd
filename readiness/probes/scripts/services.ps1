# State, start, account and process of every service; CIM's words are not translated.
$started = @{}
foreach ($process in Get-CimInstance Win32_Process -Property ProcessId, CreationDate) {
    if ($process.CreationDate) { $started[[string]$process.ProcessId] = $process.CreationDate.ToUniversalTime().ToString('o') }
}
foreach ($service in Get-CimInstance Win32_Service) {
    @{
        name = [string]$service.Name; state = [string]$service.State; start = [string]$service.StartMode
        account = [string]$service.StartName; process = [long]$service.ProcessId
        started = $started[[string]$service.ProcessId]
    }
}
