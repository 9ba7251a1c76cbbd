# The profiles as they are in force (ActiveStore), not as they were written, and which of them the networks use.
foreach ($one in Get-NetFirewallProfile -PolicyStore ActiveStore) {
    @{
        what = 'profile'; name = [string]$one.Name; state = [string]$one.Enabled
        inbound = [string]$one.DefaultInboundAction; outbound = [string]$one.DefaultOutboundAction
    }
}
$networks = @()
try { $networks = @(Get-NetConnectionProfile) }
catch { if ($_.FullyQualifiedErrorId -notlike 'CmdletizationQuery_NotFound*') { throw } } # a host without any network
foreach ($network in $networks) {
    @{ what = 'network'; name = [string]$network.InterfaceAlias; state = [string]$network.NetworkCategory }
}
