# The products' configuration, one statement a line. Secrets are masked here: comments are left out, the value of a
# secret directive becomes sha256(nonce + value), and what is not understood is not printed.
# Arguments, for each product: format=NAME, then what is its own: secret=DIRECTIVE, open=DIRECTIVE (no secret, whatever
# its name), address=DIRECTIVE, folder=PATH (whose files only root may read), file=PATH.
# Before this stands the masking of each format: a function mask_NAME that hands `mask` what takes a line apart.
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
    path=$1
    printf '\n\001%s\t%s\n' "$2" "$path"
    case "$files " in
        *" $path "*)
            /bin/cat "$path"
            ;;
        *) if [ -f "$path" ]; then cat -- "$path"; else false; fi ;;
    esac
    status=$?
    if [ "$status" -ne 0 ] && [ -x "${path%/*}/" ] && ! [ -e "$path" ]; then status=absent; fi
    printf '\n\001status\t%s\n' "$status"
}

# The whole folder of an included file where that is one of the product's; else the file.
read_include() {
    for folder in $folders; do
        case $1 in
            "$folder"/*)
                /usr/bin/find "$folder" -type f -printf \\n\\001part\\t%p\\n -exec /bin/cat {} \;
                return
                ;;
        esac
    done
    read_file "$1" part
    return 1
}

# A format's part defines scan() for the line in `rest`, at_end(), which is true where a file ends in the midst of
# something, and reset() before the next file.
mask() {
    awk -v secrets="$secrets " -v open="$open " -v seen="$seen" '
function cut(n) { rest = substr(rest, n + 1) }
function tell(tag, what) { printf "%s\t%d\t%s\t.\n", tag, line, what }
function lose() { tell("lost", file); lost = 1; rest = "" }

function sensitive(word) {
    if (index(secrets, " " word " ")) return 1
    if (index(open, " " word " ")) return 0
    return word ~ /pass(w|phrase|$)|pwd|secret|token|credential|key/
}

# The value of a secret directive.
function digest(value) {
    tell("secret", name)
    fflush()
    printf "%s%s", ENVIRON["NONCE"], value | "sha256sum"
    close("sha256sum")
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

# The value of another one.
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

function finish(status) {
    if (file == "") return
    if (at_end()) lose()
    line = 0
    tell("status", status)
    file = ""
    lost = hiding = 0
    reset()
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
'"$1"
}

# Every file once, then what they include, until nothing new is included.
everything() {
    seen=$(printf '\t.')
    seen=${seen%.} round=0
    todo=$files done_with=
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
            done | "mask_$format"
        )
        printf '%s\n' "$answer"
        seen=$seen$(printf '%s\n' "$answer" | awk -F '\t' '$1 == "file" || $1 == "part" { printf "%s\t", $3 }')
        done_with="$done_with$todo "
        todo=
        for path in $(printf '%s\n' "$answer" | awk -F '\t' '$1 == "include" { print $3 }'); do
            case "$done_with$todo " in
                *" $path "*) ;;
                *) todo="$todo $path" ;;
            esac
        done
        round=$((round + 1))
    done
}

# One product's files, and the names that they call peers by.
read_product() {
    answer=$(everything)
    statements=$(printf '%s\nformat\t%s\t%s\t.\n%s' "$statements" "$format" "$asked" "$answer")
    names="$names $(printf '%s\n' "$answer" | awk -F '\t' -v addresses="$addresses " '
        $1 == "value" && index(addresses, " " $3 " ") && $4 ~ /^[A-Za-z0-9][A-Za-z0-9:._-]*$/ { print $4 }
    ')"
}

statements= names= format=
for argument in "$@" format=; do
    value=${argument#*=}
    case $argument in
        format=*)
            if [ -n "$format" ]; then read_product; fi
            format=$value asked=0 files= folders= secrets= open= addresses=
            ;;
        file=*) files="$files $value" asked=$((asked + 1)) ;;
        folder=*) folders="$folders $value" ;;
        secret=*) secrets="$secrets $value" ;;
        open=*) open="$open $value" ;;
        address=*) addresses="$addresses $value" ;;
    esac
done
printf '%s\n' "$statements"
resolved=$(
    printf '%s\n' $names | awk '$0 != "" && !seen[$0]++' | while read -r name; do
        printf 'asked\t%s\t.\n' "$name"
        getent ahosts "$name" | while read -r address kind _; do
            if [ "$kind" = STREAM ]; then printf 'forward\t%s\t%s\t.\n' "$name" "$address"; fi
        done
    done
)
printf 'names\t.\n%s\n' "$resolved"
printf '%s\nnames\t.\n%s\n' "$statements" "$resolved" | sha256sum
echo end
