# Whether each path is there; and the fixed volumes with a file system and a place in the tree, mount points among them.
foreach ($path in $args) { @{ path = [string]$path; there = [bool](Test-Path -LiteralPath $path) } }
foreach ($volume in Get-CimInstance Win32_Volume -Filter 'DriveType=3') {
    if (-not $volume.FileSystem -or ([string]$volume.Name).StartsWith('\\?\')) { continue }
    @{
        mount = [string]$volume.Name; kind = [string]$volume.FileSystem
        size = $volume.Capacity; free = $volume.FreeSpace; access = $volume.Access
    }
}
