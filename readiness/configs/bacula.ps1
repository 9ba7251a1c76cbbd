# Masks Bacula's configuration as bacula.sh does: resources in braces, strings that span lines.
function BaculaGiveUp { Lose; $s.quoted = $false; $s.want = '' }

# What is left of the line is not understood: forget it, and the rest of the file when what follows is in doubt.
function BaculaStray {
    $text = [regex]::Replace($s.rest, '\\.', '')
    $s.rest = $s.want = ''
    $bare = $text.Replace('"', '')
    if (($text.Length - $bare.Length) % 2 -or [regex]::IsMatch($bare, '[{}]|[=,\\][ \t]*\z')) { BaculaGiveUp }
    else { Tell 'odd' }
}

# After a secret only what is surely no part of it goes on.
function BaculaSecret($value) {
    Digest $value
    $s.want = ''
    if (-not (Fits '[ \t\r]*(#.*)?\z|[ \t\r]*;([ \t\r}#]|\z)|[ \t\r]*}([ \t\r;}#]|\z)')) { BaculaStray }
}

# Names with commas between them as Bacula takes them: of one in quotes each character counts, of another one no space
# after letters does. Empty where Bacula would take something else.
function BaculaNames($text) {
    $names = @()
    $text = $text.Trim(' ', "`t", "`r")
    while ($true) {
        $quoted = [regex]::Match($text, '\A"([^",]*)"')
        $bare = [regex]::Match($text, '\A([A-Za-z][A-Za-z \t]*|)([^",]*)')
        if ($quoted.Success) {
            $found = $quoted
            $name = $quoted.Groups[1].Value
            if ($name.Length -ne $name.Trim(' ', "`t").Length) { return '' }
        }
        else {
            $found = $bare
            $name = $bare.Groups[2].Value.TrimEnd(' ', "`t", "`r")
            if ($name.Contains(' ') -or $name.Contains("`t")) { return '' }
            $name = [regex]::Replace($bare.Groups[1].Value, '[ \t]', '') + $name
        }
        $names += $name
        $text = $text.Substring($found.Length).TrimStart(' ', "`t", "`r")
        if ($name -eq '') { return '' }
        if ($text -eq '') { return $names -join ', ' }
        if ($text[0] -ne ',') { return '' }
        $text = $text.Substring(1).TrimStart(' ', "`t", "`r")
    }
}

# A value that is no secret goes on to the end of its line, or to what ends it; quoted parts may span lines.
function BaculaMore {
    while (-not $s.quoted -and -not $s.lost) {
        $part = Take '[^";}#{]+'
        $s.text += $part
        if ([regex]::IsMatch($part, '[^ \t\r]')) { $s.pieces += 2 }
        if (Fits '"') { Cut 1; $s.quoted = $true; $s.within = ''; BaculaQuoted; return }
        if (Fits '{') { BaculaGiveUp; return }
        Plain $(if ((Shape) -ceq 'name') { BaculaNames $s.text } elseif ($s.pieces -eq 1) { $s.within } else { $s.text })
        $s.want = ''
        return
    }
}

# The rest of a quoted string, which may span lines.
function BaculaQuoted {
    while ($s.quoted) {
        $s.within += Take '[^"\\]+'
        if ($s.rest -eq '' -or $s.rest -eq '\') { $s.rest = ''; $s.within += "`n"; return }
        if ($s.rest[0] -eq '\') { $s.within += $s.rest[1]; Cut 2 }
        else { Cut 1; $s.quoted = $false }
    }
    if (IsSecret) { BaculaSecret $s.within }
    else { $s.text += '"' + $s.within + '"'; $s.pieces += 1; BaculaMore }
}

function BaculaValue {
    $s.text = $s.within = ''
    $s.pieces = 0
    if (Fits '@') { Hide 'stands in another file'; BaculaStray; return }
    if (Fits '\\[ \t\r]*\z') { $s.rest = ''; Tell 'odd'; return }  # Bacula goes on with the next line
    if (-not (IsSecret) -and (Fits '{')) { BaculaOpen; return }
    if (-not (IsSecret)) { BaculaMore; return }
    if (Fits '"') { Cut 1; $s.quoted = $true; BaculaQuoted; return }
    # Without quotes letters are an identifier, in which spaces do not count; anything else ends at a space.
    $token = [regex]::Replace((Take '[A-Za-z][A-Za-z \t]*'), '[ \t]', '')
    $token += Take '[^ \t\r\f;,{}=#"]+'
    if ($token -eq '') { BaculaStray } else { BaculaSecret $token }
}

function BaculaOpen {
    Cut 1
    $s.want = ''
    Enter $s.name
}

function BaculaInclude {
    Cut 1
    if (Fits '"?\|') {
        Tell 'command'
        $path = [regex]::Replace([regex]::Replace($s.rest, '[{}]', ''), '\\.', '')
        if (($path.Length - $path.Replace('"', '').Length) % 2) { BaculaGiveUp }
        $s.rest = ''
        return
    }
    $found = [regex]::Match($s.rest, '\A(?:"((?:[^"\\]|\\.)*)"|([^ \t;{}",#]+))')
    $path = [regex]::Replace($found.Groups[1].Value, '\\(.)', '$1') + $found.Groups[2].Value
    $path = $path.Replace('/', '\')
    # On a drive of this host and not behind another one's name: opening such a file would log in there.
    if ($path -notlike '?:*' -or -not (HasShape 'path' $path)) { BaculaStray; return }
    Cut $found.Length
    Tell 'include' $null $path
    [void]$todo.Enqueue($path)
}

function BaculaScan {
    if ($s.quoted) { BaculaQuoted }
    while (-not $s.lost -and -not $s.quoted) {
        [void](Take '[ \t\r\f]+')
        if ($s.rest -eq '' -or (Fits '#')) {
            # Bacula takes no value from another line, but a block, as that of addresses
            if ($s.want -eq 'value' -and (IsSecret)) { BaculaGiveUp }
            elseif ($s.want -eq 'value') { $s.want = 'block' }
            return
        }
        if ($s.want -eq 'block' -and -not (Fits '{')) { BaculaGiveUp }
        elseif ($s.want -eq 'value') { BaculaValue }
        elseif ($s.want -eq 'equals' -and (Fits '=')) { Cut 1; $s.want = 'value' }
        elseif ($s.want -and (Fits '{')) { BaculaOpen }
        elseif ($s.want) { BaculaStray }
        elseif (Fits ';') { Cut 1 }
        elseif (Fits '}') {
            Cut 1
            Leave
        }
        elseif (Fits '@') { BaculaInclude }
        elseif (Fits '[A-Za-z][A-Za-z0-9_ \t]{0,58}(?![A-Za-z0-9_ \t])') {
            $s.name = [regex]::Replace((Take '[A-Za-z][A-Za-z0-9_ \t]*'), '[ \t]', '').ToLowerInvariant()
            $s.want = 'equals'
        }
        else { BaculaStray }
    }
}

$formats += @{
    bacula = @{
        begin = { $s += @{ want = ''; text = ''; within = ''; pieces = 0; quoted = $false } }
        scan = { BaculaScan }
        end = { [bool]($s.quoted -or $s.want) }
    }
}
