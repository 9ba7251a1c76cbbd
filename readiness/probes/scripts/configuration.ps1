# The products' configuration, statement by statement, as configuration.sh takes it apart: what leaves the host is a list.
# Arguments, for each product: format=NAME, then what is its own: directive=SHAPE:RESOURCES:DIRECTIVES, as for
# configuration.sh, address=DIRECTIVE, file=PATH.
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

# Where the scan is, with the directive in $s.name; a file that is included may hold but a part of a block.
function Here { (@($s.blocks) + @($s.name)) -join '.' }
function IsKnown { $asked.shapes.ContainsKey((Here)) -or ($s.part -and $asked.shapesapart.ContainsKey((Here))) }
function Shape {
    if (-not (IsKnown)) { return '' }
    if ($asked.shapes.ContainsKey((Here))) { $asked.shapes[(Here)] } else { $asked.shapesapart[(Here)] }
}
function IsSecret { (Shape) -cin @('digest', 'secret') }
function Enter($word) {
    [void]$s.blocks.Add($word)
    $key = @($s.blocks) -join '.'
    Tell 'open' $(if ($asked.blocks.ContainsKey($key) -or ($s.part -and $asked.blocksapart.ContainsKey($key))) { $word } else { '-' })
}
function Leave {
    Tell 'close'
    if ($s.blocks.Count) { $s.blocks.RemoveAt($s.blocks.Count - 1) }
}
function Hide($why) { Tell 'hidden' $(if (IsKnown) { $s.name } else { '-' }) $why }

# What IsSecret: a digest where two ends must agree on it.
function Digest($value) {
    if ((Shape) -cne 'digest') { Hide 'is a secret'; return }
    if ($value.Contains([string][char]0) -or $value.Contains([string][char]2)) { Hide 'is no text'; return }
    $hash = $sha.ComputeHash($latin.GetBytes($nonce + $value))
    Tell 'secret' $s.name ([BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant())
}

# A directive that may be named, and the blocks that it stands in, as in configuration.sh.
function Know($product, $key, $shape) {
    $product.shapes[$key] = $shape
    $apart = $key
    while ($apart.Contains('.')) {
        $apart = $apart.Substring($apart.IndexOf('.') + 1)
        $before = $product.shapesapart[$apart]
        if ($null -eq $before -or $shape -ceq 'digest') { $product.shapesapart[$apart] = $shape }
        elseif ($shape -ceq 'secret' -and $before -cne 'digest') { $product.shapesapart[$apart] = $shape }
        elseif ($before -cnotin @('digest', 'secret', $shape)) { $product.shapesapart[$apart] = '' }
    }
    while ($key.Contains('.')) {
        $apart = $key = $key.Substring(0, $key.LastIndexOf('.'))
        $product.blocks[$key] = $true
        while ($apart.Contains('.')) {
            $apart = $apart.Substring($apart.IndexOf('.') + 1)
            $product.blocksapart[$apart] = $true
        }
    }
}

# The shapes of configuration.sh.
$unit = '((n|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?|months?|q|quarters?|y|years?|b|k|kb|mb|g|gb|t|tb)(/s)?)'
$oneName = '([0-9][0-9]?:[0-9][0-9]|[A-Za-z0-9][A-Za-z0-9._-]*)'
$announcing = '(^|[ ,])([a-z0-9._-]*(pw|pwd|passwd|password|passphrase|secret|token)|pass|key|sig|auth|bearer|credentials?)([ ,]|\z)'
$nth = '(1st|2nd|3rd|4th|5th|6th|first|second|third|fourth|fifth|sixth)'
$day = '((sun|mon|tues?|wed|wednes|thu|thurs|fri|sat|satur)(day)?|[0-9][0-9]?|w[0-9][0-9])'
$month = '(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?|oct(ober)?|nov(ember)?|dec(ember)?)'
$when = '((level=)?(full|incremental|differential|virtualfull|base|since)|' +
    "((full|virtualfull|incremental|differential|next)?pool|storage|messages)=($oneName|`"$oneName`")|" +
    '(spooldata|accurate|writepartafterjob)=(yes|no|true|false)|priority=[0-9]+|' +
    'on|at|hourly|daily|weekly|monthly|last|lastday|' +
    "$nth(-$nth)?|$day(-$day)?|$month(-$month)?|[0-9][0-9]?:[0-9][0-9]([ap]m)?)"
function Whole($text, $pattern) { [regex]::IsMatch($text, '\A(?:' + $pattern + ')\z') }
function HasShape($shape, $text) {
    if ($text -eq '' -or $text.Length -gt 255 -or -not (Whole $text '[ -~]*')) { return $false }
    $low = $text.ToLowerInvariant()
    switch -CaseSensitive ($shape) {
        'switch' { return Whole $low 'yes|no|true|false' }
        'word' { return $text.Length -lt 30 -and (Whole $low '[a-z][a-z0-9]*') }
        'number' { $bare = $low.Replace(' ', ''); return $bare.Length -lt 40 -and (Whole $bare "[0-9]+([.][0-9]+)?${unit}?([0-9]+$unit)*") }
        'name' {
            $bare = [regex]::Replace([regex]::Replace($text, ' *, *', ','), ' +', ' ')
            $mayTell = -not $bare.Contains(' ') -or -not [regex]::IsMatch($bare.ToLowerInvariant(), $announcing)
            return $mayTell -and (Whole $bare "$oneName([ ,]$oneName)*")
        }
        'address' { return Whole $low '[a-z0-9][a-z0-9._-]*|[0-9a-f]*:[0-9a-f:.]*' }
        'schedule' { return Whole ([regex]::Replace([regex]::Replace($low, ' *= *', '='), '[ ,]+', ' ')) "$when( $when)*" }
        'path' {
            if ($text[0] -eq '/') { return Whole $text '([/A-Za-z0-9_.+-]|%[A-Za-z])*' }
            $rest = [regex]::Replace([regex]::Replace($low, '\A[a-z]:', ''), '[\\/]program files( [(]x86[)])?', '/')
            return (Whole $text '[A-Za-z]:[^\n]*') -and (Whole $rest '[\\/]([\\/a-z0-9_.+-]|%[a-z])*')
        }
    }
    $false
}
# The value of another one.
function Plain($text) {
    $text = $text.Trim(' ', "`t", "`r")
    $shape = Shape
    if ($shape -cin @('number', 'schedule')) { $text = $text.Replace("`t", ' ') }
    if (-not $shape) { Hide 'is not among the directives that are read' }
    elseif (-not (HasShape $shape $text)) { Hide "is no $shape" }
    else { Tell 'value' $s.name $text }
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
        $s = @{ told = New-Object Collections.ArrayList; line = 0; rest = ''; name = ''; part = $asked.file -notcontains $path; blocks = New-Object Collections.ArrayList; lost = $false }
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
    if ($kind -ceq 'format') { $products += @{ product = $products.Count; format = $value; file = @(); address = @() } + @{ shapes = @{}; shapesapart = @{}; blocks = @{}; blocksapart = @{} } }
    elseif ($kind -cne 'directive') { $products[-1][$kind] += $value }
    else {
        $shape, $resources, $names = $value -split ':'
        foreach ($resource in $resources -split ',') {
            foreach ($name in $names -split ',') { Know $products[-1] "$resource.$name" $shape }
        }
    }
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
