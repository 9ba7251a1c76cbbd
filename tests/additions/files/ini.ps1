function IniEnd { if ($s.section) { Leave } }
function IniScan {
    if (Fits '[ \t]*(;.*)?\z') { return }
    if (Fits '\[[a-z]+\]\z') {
        IniEnd
        $s.section = $s.rest.Trim('[', ']')
        Enter $s.section
        return
    }
    $s.name = Take '[a-z]+(?==)'
    if (-not $s.name) { Tell 'odd'; return }
    Cut 1
    if (IsSecret) { Digest $s.rest } else { Plain $s.rest }
}
$formats += @{ ini = @{ begin = { $s += @{ section = '' } }; scan = { IniScan }; end = { IniEnd; $false } } }
