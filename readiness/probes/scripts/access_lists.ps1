# Owner and access list of each path that was asked for, as SDDL, in which no name is translated.
foreach ($path in $args) {
    $list = $null
    if (Test-Path -LiteralPath $path) { $list = [string](Get-Acl -LiteralPath $path).Sddl }
    @{ path = [string]$path; there = ($null -ne $list); list = $list }
}
