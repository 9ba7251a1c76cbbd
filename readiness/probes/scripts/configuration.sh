# The products' configuration, one statement a line. Secrets are masked here: comments are left out, the value of a
# secret directive becomes sha256(nonce + value), and what is not understood is not printed.
# Arguments, for each product: format=NAME, then what is its own: secret=DIRECTIVE, open=DIRECTIVE (no secret, whatever
# its name), address=DIRECTIVE, folder=PATH (below which files are read), file=PATH.
# Before this stand the guard, and the masking of each format: a function mask_NAME that hands `mask` what takes a line
# apart.
for tool in awk sha256sum getent stat readlink head; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        printf 'no_tool\t%s\t.\nend\n' "$tool"
        exit 0
    fi
done
if [ -z "$NONCE" ]; then
    printf 'no_nonce\t.\nend\n'
    exit 0
fi
limit=4194304

# The file at `real`, with marks that no file can imitate.
read_file() {
    printf '\n\001%s %s\t%s\n' "$NONCE" "$word" "$path"
    head -c "$limit" -- "$real"
    printf '\n\001%s status\t%s\n' "$NONCE" "$?"
}

# Why a file is not read.
not_read() {
    printf '%s\t0\t%s\t.\n' "$word" "$path"
    case $why in
        absent) printf 'status\t0\tabsent\t.\n' ;;
        *) printf 'refused\t0\t%s\t%s\t%s\t.\n' "$why" "$place" "$whom" ;;
    esac
}

# A format's part defines scan() for the line in `rest`, at_end(), which is true where a file ends in the midst of
# something, and reset() before the next file.
mask() {
    awk -v secrets="$secrets " -v open="$open " '
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

BEGIN { mark = "\001" ENVIRON["NONCE"] " " }
index($0, mark) == 1 {
    split(substr($0, length(mark) + 1), told, "\t")
    if (told[1] == "status") {
        finish(told[2])
        next
    }
    finish(0)
    line = 0
    file = told[2]
    tell(told[1], file)
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

# These files, each as it is asked for (`file`) or included (`part`).
read_all() {
    set --
    for path in $todo; do
        if may_read "$path"; then set -- "$@" "$path" "$real"; else not_read; fi
    done
    path=
    for real in "$@"; do
        if [ -z "$path" ]; then
            path=$real
        else
            read_file
            path=
        fi
    done | "mask_$format"
}

# The files that name others: only root may do so.
naming() {
    printf '%s\n' "$answer" | awk -F '\t' '
        $1 == "file" || $1 == "part" { path = $3 }
        $1 == "include" && !seen[path]++ { print path }
    '
}

# What is included by the `trusted` files and was not read yet (`yes`), or by others (`no`), and by which.
included() {
    {
        printf 'done\t%s\n' $finished
        printf 'trusted\t%s\n' $trusted
        printf '%s\n' "$answer"
    } | awk -F '\t' -v wanted="$1" '
        $1 == "done" { done[$2] = 1 }
        $1 == "trusted" { trusted[$2] = 1 }
        $1 == "file" || $1 == "part" { path = $3 }
        $1 != "include" || $3 in done { next }
        wanted == "yes" && path in trusted && !seen[$3]++ { print $3 }
        wanted == "no" && !(path in trusted) && !seen[$3]++ { print path, $3 }
    '
}

# Every file once, then what they include, until nothing new is included.
everything() {
    round=0 finished= held= todo=$files word=file
    while [ -n "$todo" ] && [ "$round" -lt 20 ]; do
        answer=$(read_all 2>/dev/null) # what tools say of a file may hold some of it
        printf '%s\n' "$answer"
        finished="$finished $todo" trusted=
        for path in $(naming); do
            if follow "$path" && is_roots; then trusted="$trusted $path"; fi
        done
        held="$held $(included no)"
        todo=$(included yes) word=part round=$((round + 1))
    done
    set -- $held
    while [ "$#" -gt 1 ]; do
        path=$2
        case " $(printf '%s ' $finished)" in
            *" $path "*) ;;
            *)
                if ! follow "$1" || ! is_roots; then not_read; fi
                finished="$finished $path"
                ;;
        esac
        shift 2
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
        file=*) files="$files $value" folders="$folders $value" asked=$((asked + 1)) ;;
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
