# Get-NetConnectionProfile: NetworkCategory is 0 Public, 1 Private, 2 DomainAuthenticated (learn.microsoft.com).

enum NetworkCategory { Public = 0; Private = 1; DomainAuthenticated = 2 }

function Get-NetConnectionProfile {
    [CmdletBinding()]
    param()
    foreach ($network in (Get-MachinePart networks).PSObject.Properties) {
        New-Object psobject -Property @{
            InterfaceAlias = $network.Name; NetworkCategory = [NetworkCategory][string]$network.Value
        }
    }
}

Export-ModuleMember -Function Get-NetConnectionProfile
