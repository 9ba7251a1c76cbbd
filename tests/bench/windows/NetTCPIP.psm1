# Get-NetTCPConnection: State is an enum, 2 in JSON for Listen (winrm.md, cnquery); nothing found is an error.
# Get-NetIPAddress: learn.microsoft.com; AddressState is an enum, link-local addresses carry their interface after a %.

enum TcpState { Closed = 1; Listen = 2; Established = 5 }
enum AddressState { Invalid = 0; Tentative = 1; Duplicate = 2; Deprecated = 3; Preferred = 4 }

function Get-NetTCPConnection {
    [CmdletBinding()]
    param([string[]]$State, [uint16[]]$LocalPort)
    if (-not (Test-Administrator)) {
        $PSCmdlet.ThrowTerminatingError((New-Failure 'Windows System Error 5' PermissionDenied 'Access is denied.' 'MSFT_NetTCPConnection'))
    }
    $found = @(Get-MachinePart sockets | Where-Object { (-not $State -or $State -contains 'Listen') -and (-not $LocalPort -or $LocalPort -contains $_.port) })
    if (-not $found) {
        $PSCmdlet.WriteError((New-Failure 'CmdletizationQuery_NotFound' ObjectNotFound 'No matching MSFT_NetTCPConnection objects found by CIM query.' 'MSFT_NetTCPConnection'))
    }
    foreach ($socket in $found) {
        New-Object psobject -Property @{
            LocalAddress = [string]$socket.address; LocalPort = [uint16]$socket.port; RemoteAddress = '0.0.0.0'; RemotePort = [uint16]0
            State = [TcpState]::Listen; OwningProcess = [uint32]$socket.process
        }
    }
}

function Get-NetIPAddress {
    [CmdletBinding()]
    param()
    if (-not (Test-Administrator)) {
        $PSCmdlet.ThrowTerminatingError((New-Failure 'Windows System Error 5' PermissionDenied 'Access is denied.' 'MSFT_NetIPAddress'))
    }
    foreach ($one in (Get-MachinePart addresses).PSObject.Properties) {
        New-Object psobject -Property @{ IPAddress = $one.Name; AddressState = [AddressState]$one.Value; InterfaceAlias = 'Ethernet0' }
    }
}

# A machine without addresses in its description is one whose module lacks the command.
$functions = @('Get-NetTCPConnection')
if (Get-MachinePart addresses) { $functions += 'Get-NetIPAddress' }
Export-ModuleMember -Function $functions
