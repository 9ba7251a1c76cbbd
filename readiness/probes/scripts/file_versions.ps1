# The version that each file carries; the numbers count, since the text lags behind them on files of the system.
foreach ($path in $args) {
    if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { @{ path = $path; there = $false; version = $null }; continue }
    $info = (Get-Item -LiteralPath $path).VersionInfo
    $numbers = $info.FileMajorPart, $info.FileMinorPart, $info.FileBuildPart, $info.FilePrivatePart
    @{ path = $path; there = $true; version = $numbers -join '.' }
}
