mask_ini() {
    mask '
function reset() { section = "" }
function at_end() {
    if (section != "") leave()
    return 0
}
function scan(   at, text) {
    if (rest ~ /^[ \t\r]*(;.*)?$/) return
    if (rest ~ /^\[[a-z]+\]$/) {
        at_end()
        section = substr(rest, 2, length(rest) - 2)
        enter(section)
        return
    }
    at = index(rest, "=")
    name = substr(rest, 1, at - 1)
    text = substr(rest, at + 1)
    if (name !~ /^[a-z]+$/) tell("odd", file)
    else if (is_secret()) secret(text)
    else plain(text)
}
'
}
