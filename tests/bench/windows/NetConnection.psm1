# Get-NetConnectionProfile: NetworkCategory is 0 Public, 1 Private, 2 DomainAuthenticated (learn.microsoft.com).

enum NetworkCategory { Public = 0; Private = 1; DomainAuthenticated = 2 }

function Get-NetConnectionProfile {
    [CmdletBinding()]
    param()
    $networks = @((Get-MachinePart networks).PSObject.Properties)
    if (-not $networks) {
        $PSCmdlet.WriteError((New-Failure 'CmdletizationQuery_NotFound' ObjectNotFound 'No MSFT_NetConnectionProfile objects found.' 'MSFT_NetConnectionProfile'))
    }
    foreach ($network in $networks) {
        New-Object psobject -Property @{
            InterfaceAlias = $network.Name; NetworkCategory = [NetworkCategory][string]$network.Value
        }
    }
}

Export-ModuleMember -Function Get-NetConnectionProfile
