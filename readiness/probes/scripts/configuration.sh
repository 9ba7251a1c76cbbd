# The product's configuration, one statement a line. Secrets are masked here: comments are left out, the value of a
# secret directive becomes sha256(nonce + value), and what is not understood is not printed.
# Arguments: file=PATH, secret=DIRECTIVE, open=DIRECTIVE (no secret, whatever its name), address=DIRECTIVE.
files= secrets= open= addresses=
for argument in "$@"; do
    case $argument in
        file=*) files="$files ${argument#*=}" ;;
        secret=*) secrets="$secrets ${argument#*=}" ;;
        open=*) open="$open ${argument#*=}" ;;
        address=*) addresses="$addresses ${argument#*=}" ;;
    esac
done
for tool in awk sha256sum getent; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        printf 'no_tool\t%s\t.\nend\n' "$tool"
        exit 0
    fi
done
if [ -z "$NONCE" ]; then
    printf 'no_nonce\t.\nend\n'
    exit 0
fi
set -f
printf 'login\t%s\t.\n' "$(id -un)"

# Asked for (`file`) or included (`part`).
read_file() {
    printf '\n\001%s\t%s\n' "$2" "$1"
    case $1 in
        # files that only root may read
        *) if [ -f "$1" ]; then cat -- "$1"; else false; fi ;;
    esac
    status=$?
    if [ "$status" -ne 0 ] && [ -x "${1%/*}/" ] && ! [ -e "$1" ]; then status=absent; fi
    printf '\n\001status\t%s\n' "$status"
}

read_include() {
    case $1 in
        # folders that only root may read
        *) read_file "$1" part && false ;;
    esac
}

mask() {
    awk -v secrets="$secrets " -v open="$open " -v seen="$seen" '
function cut(n) { rest = substr(rest, n + 1) }
function tell(tag, what) { printf "%s\t%d\t%s\t.\n", tag, line, what }
function lose() { tell("lost", file); lost = 1; rest = ""; quoted = 0; want = "" }

# What is left of the line is not understood: forget it, and the rest of the file when what follows is in doubt.
function stray(   text, marks) {
    text = rest
    rest = want = ""
    gsub(/\\./, "", text)
    marks = gsub(/"/, "", text)
    if (marks % 2 || text ~ /[{}]/ || text ~ /[=,\\][ \t]*$/) lose()
    else tell("odd", file)
}

function sensitive(word) {
    if (index(secrets, " " word " ")) return 1
    if (index(open, " " word " ")) return 0
    return word ~ /pass(w|phrase|$)|pwd|secret|token|credential|key/
}

function digest(value) {
    tell("secret", name)
    fflush()
    printf "%s%s", ENVIRON["NONCE"], value | "sha256sum"
    close("sha256sum")
}

# After a secret only what is surely no part of it goes on.
function after_secret() {
    want = ""
    if (rest !~ /^[ \t\r]*(#.*)?$/ && rest !~ /^[ \t\r]*;([ \t\r}#]|$)/ && rest !~ /^[ \t\r]*}([ \t\r;}#]|$)/) stray()
}

# Without quotes letters are an identifier, in which spaces do not count; anything else ends at a space.
function unquoted(   value) {
    value = ""
    if (match(rest, /^[A-Za-z][A-Za-z \t]*/)) {
        value = substr(rest, 1, RLENGTH)
        gsub(/[ \t]/, "", value)
        cut(RLENGTH)
    }
    if (match(rest, /^[^ \t\r\f;,{}=#"]+/)) {
        value = value substr(rest, 1, RLENGTH)
        cut(RLENGTH)
    }
    return value
}

function why_hidden(text,   squeezed) {
    squeezed = tolower(text)
    gsub(/[^a-z0-9]/, "", squeezed)
    if (hiding) return "stands within a secret"
    if (name ~ /command$|run.*job|^plugin$/) return "is a command"
    if (squeezed ~ /passw|passphrase|pwd|secret|token|credential|apikey|accesskey/) return "may hold a secret"
    if (text ~ /:\/\/[^\/]*@/) return "may hold a secret"
    if (text ~ /\n/ && text ~ /=/) return "spans lines"
    if (2000 < length(text)) return "is long"
    return ""
}

function plain(text,   why) {
    why = why_hidden(text)
    if (why != "") {
        tell("hidden", name "\t" why)
        return
    }
    gsub(/[\t\n]/, " ", text)
    gsub(/[^ -~]/, "?", text)
    sub(/^ +/, "", text)
    sub(/ +$/, "", text)
    tell("value", name "\t" text)
}

function value_more() {
    while (!quoted && !lost) {
        if (match(rest, /^[^";}#{]+/)) {
            text = text substr(rest, 1, RLENGTH)
            if (substr(rest, 1, RLENGTH) !~ /^[ \t\r]*$/) pieces += 2
            cut(RLENGTH)
        }
        if (substr(rest, 1, 1) == "\"") {
            cut(1)
            quoted = 1
            within = ""
            quote() # and what follows it
            return
        } else if (substr(rest, 1, 1) == "{") {
            lose()
        } else {
            plain(pieces == 1 ? within : text)
            want = ""
            return
        }
    }
}

# The rest of a quoted string, which may span lines.
function quote() {
    while (quoted) {
        if (match(rest, /^[^"\\]+/)) {
            within = within substr(rest, 1, RLENGTH)
            cut(RLENGTH)
        }
        if (rest == "" || rest == "\\") {
            rest = ""
            within = within "\n"
            return
        }
        if (substr(rest, 1, 1) == "\\") {
            within = within substr(rest, 2, 1)
            cut(2)
        } else {
            cut(1)
            quoted = 0
        }
    }
    if (sensitive(name)) {
        digest(within)
        after_secret()
    } else {
        text = text "\"" within "\""
        pieces += 1
        value_more()
    }
}

function value(   first, token) {
    first = substr(rest, 1, 1)
    text = within = ""
    pieces = 0
    if (first == "@") {
        tell("hidden", name "\tstands in another file")
        stray()
    } else if (!sensitive(name)) {
        value_more()
    } else if (rest ~ /^\\[ \t\r]*$/) {
        rest = "" # no continuation for Bacula, but whoever wrote it meant one
        tell("odd", file)
    } else if (first == "\"") {
        cut(1)
        quoted = 1
        quote()
    } else {
        token = unquoted()
        if (token == "") {
            stray()
        } else {
            digest(token)
            after_secret()
        }
    }
}

function include(   path) {
    cut(1)
    if (rest ~ /^"?\|/) {
        tell("command", file)
        gsub(/[{}]/, "", rest)
        path = rest
        gsub(/\\./, "", path)
        if (gsub(/"/, "", path) % 2) lose()
        rest = ""
        return
    }
    if (match(rest, /^"[^"]*"/)) path = substr(rest, 2, RLENGTH - 2)
    else if (match(rest, /^[^ \t\r;{}",#]+/)) path = substr(rest, 1, RLENGTH)
    if (path ~ /^\/[A-Za-z0-9_.\/+@:-]+$/ && length(path) < 500) {
        cut(RLENGTH)
        tell("include", path)
    } else {
        stray()
    }
}

function scan(   first) {
    if (quoted) quote()
    while (!lost && !quoted) {
        sub(/^[ \t\r\f]+/, "", rest)
        first = substr(rest, 1, 1)
        if (first == "" || first == "#") return
        if (want == "value") {
            value()
        } else if (want == "equals" && first == "=") {
            cut(1)
            want = "value"
        } else if (want == "equals" && first == "{") {
            cut(1)
            want = ""
            tell("open", name)
            depth++
            if (!hiding && sensitive(name)) hiding = depth
        } else if (want != "") {
            stray()
        } else if (first == ";") {
            cut(1)
        } else if (first == "}") {
            cut(1)
            tell("close", file)
            if (hiding == depth) hiding = 0
            depth--
        } else if (first == "@") {
            include()
        } else if (match(rest, /^[A-Za-z][A-Za-z0-9_ \t]*/) && RLENGTH < 60) {
            name = tolower(substr(rest, 1, RLENGTH))
            gsub(/[ \t]/, "", name)
            cut(RLENGTH)
            want = "equals"
        } else {
            stray()
        }
    }
}

function finish(status) {
    if (file == "") return
    if (quoted || want != "") lose()
    line = 0
    tell("status", status)
    file = ""
    want = ""
    quoted = lost = depth = hiding = line = 0
}

/^\001(file|part)\t/ {
    finish(0)
    if (index(seen, "\t" substr($0, 7) "\t")) next
    line = 0
    file = substr($0, 7)
    seen = seen file "\t"
    tell(substr($0, 2, 4), file)
    next
}
/^\001status\t/ {
    finish(substr($0, 9))
    next
}
{
    line++
    if (lost || file == "") next
    rest = $0
    scan()
}
END { finish(0) }
'
}

# Every file once, then what they include, until nothing new is included.
everything() {
    seen=$(printf '\t.')
    seen=${seen%.} round=0
    todo=$files
    while [ -n "$todo" ] && [ "$round" -lt 20 ]; do
        answer=$(
            whole=
            for path in $todo; do
                if [ "$round" -eq 0 ]; then
                    read_file "$path" file
                else
                    case "$whole " in
                        *" ${path%/*} "*) ;;
                        *) if read_include "$path"; then whole="$whole ${path%/*}"; fi ;;
                    esac
                fi
            done | mask
        )
        printf '%s\n' "$answer"
        seen=$seen$(printf '%s\n' "$answer" | awk -F '\t' '$1 == "file" || $1 == "part" { printf "%s\t", $3 }')
        asked="$asked$todo "
        todo=
        for path in $(printf '%s\n' "$answer" | awk -F '\t' '$1 == "include" { print $3 }'); do
            case "$asked$todo " in
                *" $path "*) ;;
                *) todo="$todo $path" ;;
            esac
        done
        round=$((round + 1))
    done
}

told=$(everything)
printf '%s\n' "$told"
resolved=$(
    printf '%s\n' "$told" | awk -F '\t' -v addresses="$addresses " '
        $1 == "value" && index(addresses, " " $3 " ") && $4 ~ /^[A-Za-z0-9][A-Za-z0-9:._-]*$/ && !asked[$4]++ { print $4 }
    ' | while read -r name; do
        printf 'asked\t%s\t.\n' "$name"
        getent ahosts "$name" | while read -r address kind _; do
            if [ "$kind" = STREAM ]; then printf 'forward\t%s\t%s\t.\n' "$name" "$address"; fi
        done
    done
)
printf 'names\t.\n%s\n' "$resolved"
printf '%s\nnames\t.\n%s\n' "$told" "$resolved" | sha256sum
echo end
