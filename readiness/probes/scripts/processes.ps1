# The program of each process, and when its file came to its place: a file that is younger than its process replaced it.
$made = @{}
foreach ($process in Get-CimInstance Win32_Process -Property ProcessId, Name, ExecutablePath, CreationDate) {
    $path = [string]$process.ExecutablePath
    if ($path -and -not $made.ContainsKey($path)) {
        $made[$path] = $null
        if (Test-Path -LiteralPath $path -PathType Leaf) {
            $made[$path] = (Get-Item -LiteralPath $path -Force).CreationTimeUtc.ToString('o')
        }
    }
    $begun = $null
    if ($process.CreationDate) { $begun = $process.CreationDate.ToUniversalTime().ToString('o') }
    @{
        process = [long]$process.ProcessId; name = [string]$process.Name; path = $path; begun = $begun
        made = $(if ($path) { $made[$path] } else { $null })
    }
}
