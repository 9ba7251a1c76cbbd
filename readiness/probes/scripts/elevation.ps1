# Whether this login has the full token of an administrator, and which PowerShell answers.
$me = [Security.Principal.WindowsIdentity]::GetCurrent()
$principal = New-Object Security.Principal.WindowsPrincipal $me
@{
    login = $me.Name
    administrator = $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
    powershell = [string]$PSVersionTable.PSVersion
}
