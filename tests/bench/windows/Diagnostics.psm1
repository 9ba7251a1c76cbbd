# Get-WinEvent for the logs of the description. Error ids: winrm.md; more than 22 ids find nothing (PowerShell-Docs #9536).
# The third value of 7036, the service's own name as bytes, is general knowledge.

$script:ids = 'Microsoft.PowerShell.Commands.GetWinEventCommand'

function Get-Log([string]$Name, $Cmdlet) {
    $log = (Get-MachinePart events).$Name
    if ($null -eq $log) {
        $Cmdlet.WriteError((New-Failure "NoMatchingLogsFound,$script:ids" ObjectNotFound "There is not an event log on the localhost computer that matches `"$Name`"." $Name))
    } elseif ($log.denied) {
        $denied = New-Object UnauthorizedAccessException 'Attempted to perform an unauthorized operation.'
        $Cmdlet.WriteError((New-Object Management.Automation.ErrorRecord $denied, "System.UnauthorizedAccessException,$script:ids", 'NotSpecified', $Name))
    } else { $log }
}

function ConvertTo-Moment([string]$Text) { [DateTimeOffset]::Parse($Text, [Globalization.CultureInfo]::InvariantCulture).LocalDateTime }

function ConvertTo-Event($Record) {
    $values = @(foreach ($one in $Record.data) {
        $value = $one
        if ("$one" -like 'utf16:*') { $value = [Text.Encoding]::Unicode.GetBytes($one.Substring(6) + "`0") }
        New-Object psobject -Property @{ Value = $value }
    })
    New-Object psobject -Property @{
        TimeCreated = ConvertTo-Moment $Record.at; ProviderName = $Record.provider; Id = [int]$Record.id; Properties = $values
    }
}

function Get-WinEvent {
    [CmdletBinding()]
    param([string]$ListLog, [string]$LogName, [hashtable]$FilterHashtable, [int]$MaxEvents, [switch]$Oldest)
    if ($ListLog) {
        $log = Get-Log $ListLog $PSCmdlet
        if ($log) { New-Object psobject -Property @{ LogName = $ListLog; IsEnabled = [bool]$log.enabled } }
        return
    }
    $name = $LogName
    if ($FilterHashtable) { $name = $FilterHashtable.LogName }
    $log = Get-Log $name $PSCmdlet
    if (-not $log) { return }
    $events = @(foreach ($record in $log.records) { ConvertTo-Event $record }) | Sort-Object TimeCreated -Descending:(-not $Oldest)
    if ($FilterHashtable) {
        $wanted = @($FilterHashtable.Id)
        $events = @($events | Where-Object {
            $wanted.Count -le 22 -and $wanted -contains $_.Id -and
            ($null -eq $FilterHashtable.StartTime -or $_.TimeCreated -ge $FilterHashtable.StartTime) -and
            ($null -eq $FilterHashtable.EndTime -or $_.TimeCreated -le $FilterHashtable.EndTime)
        })
    } elseif ($log.oldest) {
        $first = New-Object psobject -Property @{ at = $log.oldest; provider = 'EventLog'; id = 6005; data = @() }
        $events = @((ConvertTo-Event $first)) + @($events)
    }
    if ($MaxEvents) { $events = @($events | Select-Object -First $MaxEvents) }
    if (-not @($events)) {
        $PSCmdlet.WriteError((New-Failure "NoMatchingEventsFound,$script:ids" ObjectNotFound 'No events were found that match the specified selection criteria.' $name))
        return
    }
    $events
}

Export-ModuleMember -Function Get-WinEvent
