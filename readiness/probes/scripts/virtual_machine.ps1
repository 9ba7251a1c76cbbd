# Whether the host is a virtual machine, and what its guest tools make of a quiesced snapshot.
$system = Get-CimInstance Win32_ComputerSystem
@{ what = 'machine'; name = [string]$system.Manufacturer; value = [string]$system.Model }
foreach ($one in Get-CimInstance Win32_Service -Filter "Name='VMTools' OR Name='vmvss'") {
    @{ what = 'service'; name = [string]$one.Name; value = [string]$one.State }
}
$section = ''
try { $lines = @(Get-Content -LiteralPath "$env:ProgramData\VMware\VMware Tools\tools.conf") }
catch [Management.Automation.ItemNotFoundException] { $lines = @() }
foreach ($line in $lines) {
    if ($line -match '^\s*\[(.+)\]\s*$') { $section = $Matches[1] }
    if ($section -eq 'vmbackup' -and $line -match '^\s*(vss\.disableAppQuiescing|enableSyncDriver)\s*=\s*(\S*)\s*$') {
        @{ what = 'setting'; name = $Matches[1]; value = $Matches[2] }
    }
}
