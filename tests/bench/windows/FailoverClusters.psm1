# Get-Cluster and its like for the cluster of the description. Properties and enums: learn.microsoft.com, FailoverClusters;
# from general knowledge, no real cluster was at hand.

enum ClusterNodeState { Unknown = -1; Up = 0; Down = 1; Paused = 2; Joining = 3 }
enum ClusterGroupState { Unknown = -1; Online = 0; Offline = 1; Failed = 2; PartialOnline = 3; Pending = 4 }
enum ClusterGroupType { Cluster = 1; AvailableStorage = 2; SQLServerAvailabilityGroup = 129; Unknown = 9999 }
enum ClusterResourceState {
    Unknown = -1; Inherited = 0; Initializing = 1; Online = 2; Offline = 3; Failed = 4
    Pending = 128; OnlinePending = 129; OfflinePending = 130
}

function Get-Part([string]$Name, $Cmdlet) {
    $running = @((Get-MachinePart cim).Win32_Service | Where-Object { $_.Name -eq 'ClusSvc' -and $_.State -eq 'Running' })
    if (-not $running) {
        $Cmdlet.ThrowTerminatingError((New-Failure "$($Cmdlet.MyInvocation.MyCommand.Name),Microsoft.FailoverClusters.PowerShell.ClusterCmdlet" ConnectionError 'The cluster service is not running.' $null))
    }
    if (-not (Test-Administrator)) {
        $Cmdlet.ThrowTerminatingError((New-Failure "$($Cmdlet.MyInvocation.MyCommand.Name),Microsoft.FailoverClusters.PowerShell.ClusterCmdlet" PermissionDenied 'You do not have administrative privileges on the cluster.' $null))
    }
    (Get-MachinePart cluster).$Name
}

function New-Named([string]$Name) { New-Object psobject -Property @{ Name = $Name } }

function Get-Cluster {
    [CmdletBinding()]
    param()
    $told = @{ Name = Get-Part name $PSCmdlet }
    foreach ($setting in (Get-Part settings $PSCmdlet).PSObject.Properties) { $told[$setting.Name] = [uint32]$setting.Value }
    New-Object psobject -Property $told
}

function Get-ClusterNode {
    [CmdletBinding()]
    param()
    foreach ($node in (Get-Part nodes $PSCmdlet).PSObject.Properties) {
        New-Object psobject -Property @{ Name = $node.Name; State = [ClusterNodeState][string]$node.Value }
    }
}

function Get-ClusterGroup {
    [CmdletBinding()]
    param()
    foreach ($group in (Get-Part groups $PSCmdlet).PSObject.Properties) {
        New-Object psobject -Property @{
            Name = $group.Name; State = [ClusterGroupState][string]$group.Value.state
            OwnerNode = New-Named $group.Value.owner; GroupType = [ClusterGroupType][string]$group.Value.type
        }
    }
}

function Get-ClusterResource {
    [CmdletBinding()]
    param()
    foreach ($one in (Get-Part resources $PSCmdlet).PSObject.Properties) {
        New-Object psobject -Property @{
            Name = $one.Name; State = [ClusterResourceState][string]$one.Value.state
            ResourceType = New-Named $one.Value.type; OwnerGroup = New-Named $one.Value.group
        }
    }
}

function Get-ClusterSharedVolume {
    [CmdletBinding()]
    param()
    foreach ($name in @(Get-Part shared_volumes $PSCmdlet)) { if ($name) { New-Named $name } }
}

function Get-ClusterQuorum {
    [CmdletBinding()]
    param()
    $witness = Get-Part witness $PSCmdlet
    $resource = $null
    if ($witness) { $resource = New-Named $witness }
    New-Object psobject -Property @{ QuorumResource = $resource }
}

Export-ModuleMember -Function Get-Cluster, Get-ClusterNode, Get-ClusterGroup, Get-ClusterResource, Get-ClusterSharedVolume, Get-ClusterQuorum
