# Get-MpPreference (cnquery defender_preference_win2022.json): null for none; without rights a sentence for each list;
# a Defender that was removed gives 0x800106ba (winrm.md, [K]).

function Get-MpPreference {
    [CmdletBinding()]
    param()
    $defender = Get-MachinePart defender
    if ($defender.removed) {
        $PSCmdlet.ThrowTerminatingError((New-Failure 'HRESULT 0x800106ba' NotSpecified 'The operation failed with the following error: 0x800106ba' 'MSFT_MpPreference'))
    }
    $lists = @{}
    foreach ($kind in 'Path', 'Process', 'Extension') {
        $lists[$kind] = 'N/A: Must be an administrator to view exclusions'
        if (Test-Administrator) { $lists[$kind] = $defender.$kind }
    }
    New-Object psobject -Property @{
        ExclusionPath = $lists.Path; ExclusionProcess = $lists.Process; ExclusionExtension = $lists.Extension
        DisableRealtimeMonitoring = -not $defender.real_time
    }
}

Export-ModuleMember -Function Get-MpPreference
