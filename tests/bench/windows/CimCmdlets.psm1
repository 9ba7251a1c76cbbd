# Get-CimInstance for the classes of the description. Properties and types: learn.microsoft.com, CIMWin32 provider.
# Errors: an account that may not use WMI gets 0x80041003, PermissionDenied; an unknown class 0x80041010 (winrm.md, [K]).

function Test-Condition($Instance, [string]$Filter) {
    if (-not $Filter) { return $true }
    foreach ($part in $Filter -split '\s+OR\s+') {
        if ($part -notmatch "^\s*(\w+)\s*(=|LIKE)\s*'?([^']*)'?\s*$") { throw "the stand-in knows no such filter: $Filter" }
        $value = [string]$Instance.($Matches[1])
        if ($Matches[2] -eq '=' -and $value -eq $Matches[3]) { return $true }
        if ($Matches[2] -eq 'LIKE' -and $value -like $Matches[3].Replace('%', '*')) { return $true }
    }
    $false
}

function ConvertTo-Instance($Entry, [string]$Namespace, [string]$Class) {
    $instance = New-Object psobject
    $properties = @{}
    foreach ($property in $Entry.PSObject.Properties) {
        $value = $property.Value
        # The dates of CIM come as [DateTime] in local time; InstalledOn is a text.
        if ($property.Name -match 'Date$|Time$' -and $value -is [string]) { $value = ([DateTimeOffset]::Parse($value, [Globalization.CultureInfo]::InvariantCulture)).LocalDateTime }
        Add-Member -InputObject $instance -MemberType NoteProperty -Name $property.Name -Value $value
        $properties[$property.Name] = New-Object psobject -Property @{ Name = $property.Name; Value = $value }
    }
    Add-Member -InputObject $instance -MemberType NoteProperty -Name CimInstanceProperties -Value $properties
    $instance.PSObject.TypeNames.Insert(0, "Microsoft.Management.Infrastructure.CimInstance#$($Namespace.Replace('\', '/'))/$Class")
    $instance
}

function Get-CimInstance {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][string]$ClassName, [string]$Filter, [string]$Namespace = 'root/cimv2', [string[]]$Property)
    $command = 'Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
    if (-not (Test-Administrator)) {
        $PSCmdlet.WriteError((New-Failure "HRESULT 0x80041003,$command" PermissionDenied 'Access denied ' "$Namespace`:$ClassName"))
        return
    }
    $classes = Get-MachinePart cim
    if ($Namespace -notmatch '^root[\\/]cimv2$') { $classes = (Get-MachinePart namespaces).($Namespace.Replace('/', '\')) }
    if ($null -eq $classes -or $classes.PSObject.Properties.Name -notcontains $ClassName) {
        $PSCmdlet.WriteError((New-Failure "HRESULT 0x80041010,$command" MetadataError 'Invalid class ' "$Namespace`:$ClassName"))
        return
    }
    foreach ($entry in @($classes.$ClassName)) {
        if (Test-Condition $entry $Filter) { ConvertTo-Instance $entry $Namespace $ClassName }
    }
}

Export-ModuleMember -Function Get-CimInstance
