# Listening TCP sockets; those of http.sys (5985, 5986, 443) belong to process 4, System.
$programs = @{}
foreach ($process in Get-CimInstance Win32_Process -Property ProcessId, Name, ExecutablePath) {
    $programs[[string]$process.ProcessId] = [string]$process.Name
    if ($process.ExecutablePath) { $programs[[string]$process.ProcessId] = [string]$process.ExecutablePath }
}
foreach ($socket in Get-NetTCPConnection -State Listen) {
    @{
        address = [string]$socket.LocalAddress; port = [int]$socket.LocalPort; process = [long]$socket.OwningProcess
        program = $programs[[string]$socket.OwningProcess]
    }
}
