# The product's configuration, statement by statement, as configuration.sh takes it apart. Secrets are masked here:
# comments are left out, a secret's value becomes sha256(nonce + value), and what is not understood is not told.
# Arguments: file=PATH, secret=DIRECTIVE, open=DIRECTIVE (no secret, whatever its name), address=DIRECTIVE.
if (-not $nonce) { throw 'no nonce' }
$asked = @{ file = @(); secret = @(); open = @(); address = @() }
foreach ($argument in $args) { $kind, $value = $argument -split '=', 2; $asked[$kind] += $value }
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
function Lose { Tell 'lost'; $s.lost = $true; $s.rest = ''; $s.quoted = $false; $s.want = '' }

# What is left of the line is not understood: forget it, and the rest of the file when what follows is in doubt.
function Stray {
    $text = [regex]::Replace($s.rest, '\\.', '')
    $s.rest = $s.want = ''
    $bare = $text.Replace('"', '')
    if (($text.Length - $bare.Length) % 2 -or [regex]::IsMatch($bare, '[{}]|[=,\\][ \t]*\z')) { Lose }
    else { Tell 'odd' }
}

function Secret($word) {
    if ($asked.secret -ccontains $word) { return $true }
    if ($asked.open -ccontains $word) { return $false }
    [regex]::IsMatch($word, 'pass(w|phrase|\z)|pwd|secret|token|credential|key')
}
function Digest($value) {
    $hash = $sha.ComputeHash($latin.GetBytes($nonce + $value))
    Tell 'secret' $s.name ([BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant())
    $s.want = ''
    # after a secret only what is surely no part of it goes on
    if (-not (Fits '[ \t\r]*(#.*)?\z|[ \t\r]*;([ \t\r}#]|\z)|[ \t\r]*}([ \t\r;}#]|\z)')) { Stray }
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
function Plain($text) {
    $why = Hidden $text
    if ($why) { Tell 'hidden' $s.name $why; return }
    Tell 'value' $s.name ([regex]::Replace([regex]::Replace($text, '[\t\n]', ' '), '[^ -~]', '?').Trim(' '))
}

# A value that is no secret goes on to the end of its line, or to what ends it; quoted parts may span lines.
function More {
    while (-not $s.quoted -and -not $s.lost) {
        $part = Take '[^";}#{]+'
        $s.text += $part
        if ([regex]::IsMatch($part, '[^ \t\r]')) { $s.pieces += 2 }
        if (Fits '"') { Cut 1; $s.quoted = $true; $s.within = ''; Quoted; return }
        if (Fits '{') { Lose; return }
        Plain $(if ($s.pieces -eq 1) { $s.within } else { $s.text })
        $s.want = ''
        return
    }
}
# The rest of a quoted string, which may span lines.
function Quoted {
    while ($s.quoted) {
        $s.within += Take '[^"\\]+'
        if ($s.rest -eq '' -or $s.rest -eq '\') { $s.rest = ''; $s.within += "`n"; return }
        if ($s.rest[0] -eq '\') { $s.within += $s.rest[1]; Cut 2 }
        else { Cut 1; $s.quoted = $false }
    }
    if (Secret $s.name) { Digest $s.within }
    else { $s.text += '"' + $s.within + '"'; $s.pieces += 1; More }
}
function Value {
    $s.text = $s.within = ''
    $s.pieces = 0
    if (Fits '@') { Tell 'hidden' $s.name 'stands in another file'; Stray; return }
    if (-not (Secret $s.name)) { More; return }
    if (Fits '\\[ \t\r]*\z') { $s.rest = ''; Tell 'odd'; return }  # whoever wrote it meant a continuation
    if (Fits '"') { Cut 1; $s.quoted = $true; Quoted; return }
    # Without quotes letters are an identifier, in which spaces do not count; anything else ends at a space.
    $token = [regex]::Replace((Take '[A-Za-z][A-Za-z \t]*'), '[ \t]', '')
    $token += Take '[^ \t\r\f;,{}=#"]+'
    if ($token -eq '') { Stray } else { Digest $token }
}

function Included {
    Cut 1
    if (Fits '"?\|') {
        Tell 'command'
        $path = [regex]::Replace([regex]::Replace($s.rest, '[{}]', ''), '\\.', '')
        if (($path.Length - $path.Replace('"', '').Length) % 2) { Lose }
        $s.rest = ''
        return
    }
    $found = [regex]::Match($s.rest, '\A(?:"((?:[^"\\]|\\.)*)"|([^ \t;{}",#]+))')
    $path = [regex]::Replace($found.Groups[1].Value, '\\(.)', '$1') + $found.Groups[2].Value
    $path = $path.Replace('/', '\')
    # On a drive of this host and not behind another one's name: opening such a file would log in there.
    if (-not [regex]::IsMatch($path, '\A[A-Za-z]:\\[A-Za-z0-9_.\\ ()+@-]+\z') -or $path.Length -ge 500) { Stray; return }
    Cut $found.Length
    Tell 'include' $null $path
    [void]$todo.Enqueue($path)
}

function Scan {
    if ($s.quoted) { Quoted }
    while (-not $s.lost -and -not $s.quoted) {
        [void](Take '[ \t\r\f]+')
        if ($s.rest -eq '' -or (Fits '#')) { return }
        if ($s.want -eq 'value') { Value }
        elseif ($s.want -eq 'equals' -and (Fits '=')) { Cut 1; $s.want = 'value' }
        elseif ($s.want -eq 'equals' -and (Fits '{')) {
            Cut 1
            $s.want = ''
            Tell 'open' $s.name
            $s.depth++
            if (-not $s.hiding -and (Secret $s.name)) { $s.hiding = $s.depth }
        }
        elseif ($s.want) { Stray }
        elseif (Fits ';') { Cut 1 }
        elseif (Fits '}') {
            Cut 1
            Tell 'close'
            if ($s.hiding -eq $s.depth) { $s.hiding = 0 }
            $s.depth--
        }
        elseif (Fits '@') { Included }
        elseif (Fits '[A-Za-z][A-Za-z0-9_ \t]{0,58}(?![A-Za-z0-9_ \t])') {
            $s.name = [regex]::Replace((Take '[A-Za-z][A-Za-z0-9_ \t]*'), '[ \t]', '').ToLowerInvariant()
            $s.want = 'equals'
        }
        else { Stray }
    }
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

$todo = New-Object 'Collections.Generic.Queue[string]'
foreach ($path in $asked.file) { $todo.Enqueue($path) }
$seen = @{}
$found = @()
while ($todo.Count) {
    $path = $todo.Dequeue()
    if ($seen.ContainsKey($path)) { continue }
    $seen[$path] = $true
    $s = @{ told = New-Object Collections.ArrayList; line = 0; rest = ''; want = ''; name = ''; text = ''; within = '' }
    $s += @{ pieces = 0; depth = 0; hiding = 0; quoted = $false; lost = $false }
    $bytes = Bytes $path
    $status = $(if ($bytes -is [string]) { $bytes } else { 'read' })
    if ($status -eq 'read') {
        $text = $latin.GetString($bytes)
        if ($text.StartsWith([string][char]0xEF + [char]0xBB + [char]0xBF, [StringComparison]::Ordinal)) { $text = $text.Substring(3) }
        foreach ($line in $text.Split("`n")) {
            $s.line++
            if ($s.lost) { break }
            $s.rest = [regex]::Replace($line, '\r\z', '')
            Scan
        }
        if ($s.quoted -or $s.want) { Lose }
    }
    $found += @{ path = $path; asked = [bool]($asked.file -contains $path); status = $status; statements = [object[]]$s.told.ToArray() }
}

function Resolved($name) {
    $own = $null
    if ([Net.IPAddress]::TryParse($name, [ref]$own)) { return $name }
    try { Resolve-DnsName -Name $name -QuickTimeout | Where-Object { [string]$_.Section -eq 'Answer' -and $_.IPAddress } | ForEach-Object { [string]$_.IPAddress } }
    catch { if ($_.FullyQualifiedErrorId -notmatch '^DNS_(ERROR_RCODE_NAME_ERROR|INFO_NO_RECORDS),') { throw } }
}
$names = @($found | ForEach-Object { $_.statements } | Where-Object { $_.kind -eq 'value' -and $asked.address -ccontains $_.name -and
        [regex]::IsMatch($_.text, '\A[A-Za-z0-9][A-Za-z0-9:._-]*\z') } | ForEach-Object { $_.text } | Select-Object -Unique)
$found
foreach ($name in $names) { @{ name = $name; addresses = [object[]]@(Resolved $name | Select-Object -Unique) } }
