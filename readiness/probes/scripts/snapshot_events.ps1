# Events that tell of snapshots and of the harm they do, from the first window on; each argument is a window, FROM/TO in UTC.
# The id alone is asked for and the provider looked at afterwards: one that is not registered would be an error.
$most = 1000
$providers = @(
    'Ntfs', 'Microsoft-Windows-Ntfs', 'Microsoft-Windows-FailoverClustering', 'Service Control Manager'
    'volsnap', 'disk', 'VSS', 'Ftdisk'
)
$harm = @(
    , @(1069, 1153, 1154, 1127, 1129, 1130, 1135, 1146, 1177, 1205, 1230, 1254, 1540, 1557, 1561, 1563, 1564, 1573, 1672, 5120, 5142)
    , @(25, 27, 36, 50, 55, 57, 98, 129, 130, 131, 132, 133, 137, 140, 153, 157, 7024, 7031, 7034)
)
$operational = 'Microsoft-Windows-FailoverClustering/Operational'
$windows = @(foreach ($one in $args) {
    $from, $to = foreach ($time in $one -split '/') {
        [DateTimeOffset]::Parse($time, [Globalization.CultureInfo]::InvariantCulture).LocalDateTime
    }
    @{ from = $from; to = $to }
})
function Found([hashtable]$filter, [int]$limit) {
    try { Get-WinEvent -FilterHashtable $filter -MaxEvents $limit }
    catch { if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw } }
}
function Told([string]$channel, $event) {
    $data = @(foreach ($one in $event.Properties | Select-Object -First 8) {
        if ($one.Value -is [byte[]]) { $text = [Text.Encoding]::Unicode.GetString($one.Value) } else { $text = [string]$one.Value }
        $text = $text -replace '[\p{C}\p{Zl}\p{Zp}]', ''
        $text.Substring(0, [Math]::Min(200, $text.Length))
    })
    @{
        what = 'event'; channel = $channel; at = $event.TimeCreated.ToUniversalTime().ToString('o')
        provider = [string]$event.ProviderName; id = [long]$event.Id; data = [object[]]$data
    }
}
$channels = @()
$around = @()
foreach ($channel in 'System', 'Application', $operational) {
    try { $log = Get-WinEvent -ListLog $channel }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingLogsFound*') { throw }
        $channels += @{ what = 'channel'; channel = $channel; there = $false; enabled = $false; oldest = $null; cut = $false }
        continue
    }
    $oldest = $null
    try { $oldest = (Get-WinEvent -LogName $channel -Oldest -MaxEvents 1).TimeCreated.ToUniversalTime().ToString('o') }
    catch { if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw } }
    $cut = $false
    $asked = @(switch ($channel) {
        'System' { $harm }
        'Application' { , @(8193, 8194, 12289, 12293, 12302) }
        default { , @(1153, 1154, 1641) }
    })
    foreach ($ids in $asked) {
        $found = @(Found @{ LogName = $channel; Id = $ids; StartTime = $windows[0].from } $most)
        $cut = $cut -or $found.Count -ge $most
        foreach ($event in $found) {
            # 129 comes from the driver of the disk's adapter, of which there are many.
            $driver = $event.Id -eq 129 -and $event.ProviderName -ne 'Microsoft-Windows-Time-Service'
            if (-not $driver -and $providers -notcontains $event.ProviderName) { continue }
            $around += @{ from = $event.TimeCreated.AddMinutes(-10); to = $event.TimeCreated.AddMinutes(10) }
            Told $channel $event
        }
    }
    $channels += @{ what = 'channel'; channel = $channel; there = $true; enabled = [bool]$log.IsEnabled; oldest = $oldest; cut = $cut }
}
# Services that start and stop for a snapshot: there are many others, so that the windows alone are asked for, and what
# is around an event; and all of it at once where it overlaps.
$spans = @()
foreach ($one in @($windows) + @($around) | Sort-Object { $_.from }) {
    if ($spans -and $one.from -le $spans[-1].to) { if ($one.to -gt $spans[-1].to) { $spans[-1].to = $one.to } }
    else { $spans += @{ from = $one.from; to = $one.to } }
}
$cut = $spans.Count -gt 60
foreach ($span in $spans | Select-Object -First 60) {
    $found = @(Found @{ LogName = 'System'; Id = 7036; StartTime = $span.from; EndTime = $span.to } $most)
    $cut = $cut -or $found.Count -ge $most
    foreach ($event in $found) {
        if ($event.ProviderName -ne 'Service Control Manager') { continue }
        $told = Told 'System' $event
        if ("$($told.data)" -match 'VSS|vmvss|swprv|ClusSvc|Shadow Copy|Snapshot Provider|Volumeschattenkopie|Cluster') { $told }
    }
}
foreach ($one in $channels) { if ($one.channel -eq 'System' -and $cut) { $one.cut = $true } }
$channels
@{ what = 'asked'; since = $windows[0].from.ToUniversalTime().ToString('o') }
