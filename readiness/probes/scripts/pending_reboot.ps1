# The marks that a restart is due; waiting file renames alone are common and mean little.
$hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$control = 'SYSTEM\CurrentControlSet\Control'
function Value([string]$path, [string]$name) {
    $key = $hive.OpenSubKey($path)
    if ($key) { return $key.GetValue($name) }
    $null
}
@{
    servicing = [bool]$hive.OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending')
    update = [bool]$hive.OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired')
    join = [bool]$hive.OpenSubKey('SYSTEM\CurrentControlSet\Services\Netlogon\JoinDomain')
    name = [string](Value "$control\ComputerName\ComputerName" 'ComputerName')
    active_name = [string](Value "$control\ComputerName\ActiveComputerName" 'ComputerName')
    renames = [object[]]@(Value "$control\Session Manager" 'PendingFileRenameOperations' | Where-Object { $_ })
}
