# Updates of the component store; the date is the raw text, which no culture has touched.
foreach ($fix in Get-CimInstance Win32_QuickFixEngineering) {
    @{ id = [string]$fix.HotFixID; kind = [string]$fix.Description; installed = [string]$fix.CimInstanceProperties['InstalledOn'].Value }
}
