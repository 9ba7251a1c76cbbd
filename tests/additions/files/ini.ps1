function IniEnd { if ($s.section) { Tell 'close' } }
function IniScan {
    if (Fits '[ \t]*(;.*)?\z') { return }
    if (Fits '\[[a-z]+\]\z') {
        IniEnd
        $s.section = $s.rest.Trim('[', ']')
        Tell 'open' $s.section
        return
    }
    $s.name = Take '[a-z]+(?==)'
    if (-not $s.name) { Tell 'odd'; return }
    Cut 1
    if (Secret $s.name) { Digest $s.rest } else { Plain $s.rest }
}
$formats += @{ ini = @{ begin = { $s += @{ section = ''; name = '' } }; scan = { IniScan }; end = { IniEnd; $false } } }
