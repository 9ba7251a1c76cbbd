# The products' configuration, statement by statement, as configuration.sh takes it apart. Secrets are masked here:
# comments are left out, a secret's value becomes sha256(nonce + value), and what is not understood is not sent.
# Arguments, for each product: format=NAME, then what is its own: secret=DIRECTIVE, open=DIRECTIVE (no secret, whatever
# its name), address=DIRECTIVE, file=PATH.
# Before this stands the masking of each format, an entry of $formats: `begin` for a file, `scan` for the line in
# $s.rest, and `end`, which is true where a file ends in the midst of something.
if (-not $nonce) { throw 'no nonce' }
$latin = [Text.Encoding]::GetEncoding(28591)  # a byte is a character, so that a digest is that of the bytes
$sha = New-Object Security.Cryptography.SHA256Managed
$s = @{}

function Tell($kind, $name = $null, $text = $null) {
    [void]$s.told.Add(@{ kind = $kind; line = $s.line; name = $name; text = $text })
}
function Cut($count) { $s.rest = $s.rest.Substring($count) }
# The beginning of what is left of the line that a pattern fits, taken off it; empty where none does.
function Take($pattern) {
    $found = [regex]::Match($s.rest, '\A(?:' + $pattern + ')')
    Cut $found.Length
    $found.Value
}
function Fits($pattern) { [regex]::IsMatch($s.rest, '\A(?:' + $pattern + ')') }
function Lose { Tell 'lost'; $s.lost = $true; $s.rest = '' }

function Secret($word) {
    if ($asked.secret -ccontains $word) { return $true }
    if ($asked.open -ccontains $word) { return $false }
    [regex]::IsMatch($word, 'pass(w|phrase|\z)|pwd|secret|token|credential|key')
}
# The value of a secret directive.
function Digest($value) {
    $hash = $sha.ComputeHash($latin.GetBytes($nonce + $value))
    Tell 'secret' $s.name ([BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant())
}

function Hidden($text) {
    $squeezed = [regex]::Replace($text.ToLowerInvariant(), '[^a-z0-9]', '')
    if ($s.hiding) { return 'stands within a secret' }
    if ([regex]::IsMatch($s.name, 'command\z|run.*job|\Aplugin\z')) { return 'is a command' }
    if ([regex]::IsMatch($squeezed, 'passw|passphrase|pwd|secret|token|credential|apikey|accesskey')) { return 'may hold a secret' }
    if ([regex]::IsMatch($text, '://[^/]*@')) { return 'may hold a secret' }
    if ($text.Contains("`n") -and $text.Contains('=')) { return 'spans lines' }
    if ($text.Length -gt 2000) { return 'is long' }
    ''
}
# The value of another one.
function Plain($text) {
    $why = Hidden $text
    if ($why) { Tell 'hidden' $s.name $why; return }
    Tell 'value' $s.name ([regex]::Replace([regex]::Replace($text, '[\t\n]', ' '), '[^ -~]', '?').Trim(' '))
}

# The bytes of a file; its status where it cannot be read. Not there and not permitted are told apart by the error.
function Bytes($path) {
    try {
        $read = Get-Content -LiteralPath $path -Encoding Byte -ReadCount 0 -Force
        if ($null -eq $read) { $read = New-Object byte[] 0 }
        return , [byte[]]$read
    }
    catch [UnauthorizedAccessException], [Security.SecurityException] { 'denied' }
    catch [Management.Automation.ItemNotFoundException], [Management.Automation.DriveNotFoundException] { 'absent' }
    catch [IO.FileNotFoundException], [IO.DirectoryNotFoundException] { 'absent' }
    catch [IO.IOException] { 'failed' }
}

# The files of one product, each once, with those that they include.
function FilesOf($asked) {
    $format = $formats[$asked.format]
    if (-not $format) { throw 'no such format' }
    $todo = New-Object 'Collections.Generic.Queue[string]'
    foreach ($path in $asked.file) { $todo.Enqueue($path) }
    $seen = @{}
    while ($todo.Count) {
        $path = $todo.Dequeue()
        if ($seen.ContainsKey($path)) { continue }
        $seen[$path] = $true
        $s = @{ told = New-Object Collections.ArrayList; line = 0; rest = ''; hiding = 0; lost = $false }
        . $format.begin
        $bytes = Bytes $path
        $status = $(if ($bytes -is [string]) { $bytes } else { 'read' })
        if ($status -eq 'read') {
            $text = $latin.GetString($bytes)
            if ($text.StartsWith([string][char]0xEF + [char]0xBB + [char]0xBF, [StringComparison]::Ordinal)) { $text = $text.Substring(3) }
            foreach ($line in $text.Split("`n")) {
                $s.line++
                if ($s.lost) { break }
                $s.rest = [regex]::Replace($line, '\r\z', '')
                . $format.scan
            }
            if (. $format.end) { Lose }
        }
        @{
            product = [int]$asked.product; format = $asked.format; path = $path; asked = [bool]($asked.file -contains $path)
            status = $status; statements = [object[]]$s.told.ToArray()
        }
    }
}

$products = @()
foreach ($argument in $args) {
    $kind, $value = $argument -split '=', 2
    if ($kind -eq 'format') { $products += @{ product = $products.Count; format = $value; file = @(); secret = @(); open = @(); address = @() } }
    else { $products[-1][$kind] += $value }
}
$found = @()
$names = @()
foreach ($asked in $products) {
    $files = @(FilesOf $asked)
    $found += $files
    $names += @($files | ForEach-Object { $_.statements } | Where-Object { $_.kind -eq 'value' -and $asked.address -ccontains $_.name -and
            [regex]::IsMatch($_.text, '\A[A-Za-z0-9][A-Za-z0-9:._-]*\z') } | ForEach-Object { $_.text })
}
function Resolved($name) {
    $own = $null
    if ([Net.IPAddress]::TryParse($name, [ref]$own)) { return $name }
    try { Resolve-DnsName -Name $name -QuickTimeout | Where-Object { [string]$_.Section -eq 'Answer' -and $_.IPAddress } | ForEach-Object { [string]$_.IPAddress } }
    catch { if ($_.FullyQualifiedErrorId -notmatch '^DNS_(ERROR_RCODE_NAME_ERROR|INFO_NO_RECORDS),') { throw } }
}
$found
foreach ($name in @($names | Select-Object -Unique)) { @{ name = $name; addresses = [object[]]@(Resolved $name | Select-Object -Unique) } }
