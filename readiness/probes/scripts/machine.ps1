# The memory that Windows can use, and the room in its paging files, both in units of 1024 bytes; its time zone.
$system = Get-CimInstance Win32_OperatingSystem
$zone = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey('SYSTEM\CurrentControlSet\Control\TimeZoneInformation')
@{
    memory = [long]$system.TotalVisibleMemorySize; paging = [long]$system.SizeStoredInPagingFiles
    zone = ([string]$zone.GetValue('TimeZoneKeyName') -split "`0")[0]; no_summer_time = ($zone.GetValue('DynamicDaylightTimeDisabled') -eq 1)
}
