# The cluster as this node sees it: by the module, or by WMI where the module is not installed. Reads only.
$settings = 'SameSubnetDelay', 'SameSubnetThreshold', 'CrossSubnetDelay', 'CrossSubnetThreshold'
$service = @(Get-CimInstance Win32_Service -Filter "Name='ClusSvc'" | Where-Object { $_.State -eq 'Running' })
if (-not $service) { return @{ what = 'stopped' } }
function Settings($cluster) { foreach ($name in $settings) { @{ what = 'setting'; name = $name; value = [long]$cluster.$name } } }
if (Get-Command Get-ClusterNode -ErrorAction SilentlyContinue) {
    $cluster = Get-Cluster
    @{ what = 'cluster'; name = [string]$cluster.Name; by = 'module' }
    Settings $cluster
    foreach ($one in Get-ClusterNode) { @{ what = 'node'; name = [string]$one.Name; state = [string]$one.State } }
    foreach ($one in Get-ClusterGroup) {
        @{
            what = 'group'; name = [string]$one.Name; state = [string]$one.State
            owner = [string]$one.OwnerNode.Name; type = [string]$one.GroupType
        }
    }
    # Which Get-ClusterResource leaves out.
    foreach ($one in Get-ClusterSharedVolume) { @{ what = 'shared_volume'; name = [string]$one.Name } }
    foreach ($one in Get-ClusterResource) {
        @{
            what = 'resource'; name = [string]$one.Name; type = [string]$one.ResourceType.Name
            state = [string]$one.State; group = [string]$one.OwnerGroup.Name
        }
    }
    @{ what = 'witness'; name = [string](Get-ClusterQuorum).QuorumResource.Name }
    return
}
$space = 'root\MSCluster'
$cluster = Get-CimInstance -Namespace $space MSCluster_Cluster
@{ what = 'cluster'; name = [string]$cluster.Name; by = 'wmi' }
Settings $cluster
foreach ($one in Get-CimInstance -Namespace $space MSCluster_Node) {
    @{ what = 'node'; name = [string]$one.Name; state = [string]$one.State }
}
$owners = @{}
foreach ($one in Get-CimInstance -Namespace $space MSCluster_NodeToActiveGroup) {
    $owners[[string]$one.PartComponent.Name] = [string]$one.GroupComponent.Name
}
foreach ($one in Get-CimInstance -Namespace $space MSCluster_ResourceGroup) {
    @{
        what = 'group'; name = [string]$one.Name; state = [string]$one.State
        owner = [string]$owners[[string]$one.Name]; type = [string]$one.GroupType
    }
}
foreach ($one in Get-CimInstance -Namespace $space MSCluster_Resource) {
    if ($one.IsClusterSharedVolume) { @{ what = 'shared_volume'; name = [string]$one.Name } }
    @{
        what = 'resource'; name = [string]$one.Name; type = [string]$one.Type
        state = [string]$one.State; group = [string]$one.OwnerGroup
    }
}
