# The memory that Windows can use, and the room in its paging files, both in units of 1024 bytes.
$system = Get-CimInstance Win32_OperatingSystem
@{ memory = [long]$system.TotalVisibleMemorySize; paging = [long]$system.SizeStoredInPagingFiles }
