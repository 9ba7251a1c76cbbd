# Files by their access lists. Get-Acl: learn.microsoft.com; its Sddl is in Microsoft's own language of descriptors.
# Get-Content: a login that is no administrator may read what its list gives to everybody, and gets the errors of 5.1
# for the rest ([K]). What the description says nothing of has the list that a file below Program Files inherits.

$script:cmdlet = Get-Command Get-Content -CommandType Cmdlet
$script:inherited = 'O:BAG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;0x1200a9;;;AC)(A;ID;0x1200a9;;;S-1-15-2-2)'

function Find-AccessList([string]$Path) {
    $known = (Get-MachinePart acls).PSObject.Properties[$Path]
    if ($known) { $known.Value } else { $script:inherited }
}

function Test-Access([string]$Path) { (Test-Administrator) -or (Find-AccessList $Path) -cmatch ';;;(BU|WD|AU)\)' }

function Get-Acl {
    [CmdletBinding()]
    param([Parameter(Mandatory)][string]$LiteralPath)
    if (-not (Test-Path -LiteralPath $LiteralPath)) {
        $PSCmdlet.ThrowTerminatingError((New-Failure 'GetAcl_PathNotFound_Exception,Microsoft.PowerShell.Commands.GetAclCommand' ObjectNotFound "Cannot find path '$LiteralPath' because it does not exist." $LiteralPath))
    }
    if (-not (Test-Access $LiteralPath)) {
        $denied = New-Object UnauthorizedAccessException 'Attempted to perform an unauthorized operation.'
        $PSCmdlet.ThrowTerminatingError((New-Object Management.Automation.ErrorRecord $denied, 'System.UnauthorizedAccessException,Microsoft.PowerShell.Commands.GetAclCommand', NotSpecified, $null))
    }
    New-Object psobject -Property @{ Path = "Microsoft.PowerShell.Core\FileSystem::$LiteralPath"; Sddl = [string](Find-AccessList $LiteralPath) }
}

function Get-Content {
    [CmdletBinding()]
    param([Parameter(Mandatory)][string]$LiteralPath, [string]$Encoding, [long]$ReadCount = 1, [switch]$Force)
    if ((Test-Path -LiteralPath $LiteralPath) -and -not (Test-Access $LiteralPath)) {
        $denied = New-Object UnauthorizedAccessException "Access to the path '$LiteralPath' is denied."
        $PSCmdlet.WriteError((New-Object Management.Automation.ErrorRecord $denied, 'GetContentReaderUnauthorizedAccessError,Microsoft.PowerShell.Commands.GetContentCommand', PermissionDenied, $LiteralPath))
        return
    }
    $read = @(& $script:cmdlet @PSBoundParameters)
    # In 5.1 the bytes come as one array.
    if ($Encoding -eq 'Byte') { , $read } else { $read }
}

Export-ModuleMember -Function Get-Acl, Get-Content
