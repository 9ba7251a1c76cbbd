# Get-NetFirewallProfile. In JSON Enabled is 0 or 1 (2 NotConfigured), an action 0 NotConfigured, 2 Allow, 4 Block;
# only -PolicyStore ActiveStore shows what is in force (winrm.md, cnquery firewall-profiles*.json). Throws without MpsSvc.

enum GpoBoolean { False = 0; True = 1; NotConfigured = 2 }
enum Action { NotConfigured = 0; Allow = 2; Block = 4 }

function Get-NetFirewallProfile {
    [CmdletBinding()]
    param([string]$PolicyStore, [string[]]$Name)
    if (-not (Test-Administrator)) {
        $PSCmdlet.ThrowTerminatingError((New-Failure 'Windows System Error 5' PermissionDenied 'Access is denied. ' 'MSFT_NetFirewallProfile'))
    }
    $firewall = Get-MachinePart firewall
    if ($null -eq $firewall) {
        $PSCmdlet.ThrowTerminatingError((New-Failure 'Windows System Error 1753' NotSpecified 'There are no more endpoints available from the endpoint mapper. ' 'MSFT_NetFirewallProfile'))
    }
    foreach ($profile in 'Domain', 'Private', 'Public') {
        $state = $firewall.$profile
        $in = $out = 'NotConfigured'
        if ($PolicyStore -eq 'ActiveStore') { $in = $state.in; $out = $state.out }
        New-Object psobject -Property @{
            Name = $profile
            Enabled = [GpoBoolean][int][bool]$state.enabled
            DefaultInboundAction = [Action]$in
            DefaultOutboundAction = [Action]$out
        }
    }
}

Export-ModuleMember -Function Get-NetFirewallProfile
