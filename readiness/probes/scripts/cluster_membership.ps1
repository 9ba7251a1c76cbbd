# Whether the host is a node of a failover cluster: the registry of the cluster is loaded while its service runs,
# its file stays where the service is down.
$state = $start = ''
foreach ($one in Get-CimInstance Win32_Service -Filter "Name='ClusSvc'") { $state, $start = [string]$one.State, [string]$one.StartMode }
$key = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey('Cluster')
$name = ''
if ($key) { $name = [string]$key.GetValue('ClusterName') }
$database = $true
try { $null = Get-Item -LiteralPath "$env:SystemRoot\Cluster\CLUSDB" }
catch [Management.Automation.ItemNotFoundException] { $database = $false }
@{
    state = $state; start = $start; loaded = [bool]$key; name = $name; database = $database
}
