# Name, primary DNS suffix and machine GUID, all from the registry, which every login may read.
$hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$network = $hive.OpenSubKey('SYSTEM\CurrentControlSet\Services\Tcpip\Parameters')
$cryptography = $hive.OpenSubKey('SOFTWARE\Microsoft\Cryptography')
$guid = $null
if ($cryptography) { $guid = $cryptography.GetValue('MachineGuid') }
@{ host = $network.GetValue('Hostname'); domain = [string]$network.GetValue('Domain'); guid = $guid }
