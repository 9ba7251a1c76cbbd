# The products' configuration, one statement a line. What leaves the host is a list: the values of the directives that
# the arguments name, where they have the shape that goes with them, and sha256(nonce + value) of the secrets on which
# two ends must agree. Of all else that stands there it is only said that it does, and on which line.
# Arguments, for each product: format=NAME, then what is its own: directive=SHAPE:RESOURCES:DIRECTIVES, lists with commas
# (a directive comes with the blocks that it stands in, `include.file`; of the shape `digest` its digest leaves, of
# `secret` its name alone), address=DIRECTIVE, folder=PATH (below which files are read), file=PATH.
# Before this stand the guard, and the masking of each format: a function mask_NAME that hands `mask` what takes a line
# apart.
for tool in awk sha256sum getent stat readlink head tr; do
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

# A format's part defines scan() for the line in `rest`, which says of blocks enter(WORD) and leave(), and of directives,
# by `name`, plain(TEXT), or secret(TEXT) where is_secret(); at_end(), which is true where a file ends in the midst of
# something; and reset() before the next file. A NUL is no character to some awks, so it comes as another one.
mask() {
    tr '\000' '\002' | awk -v directives="$directives" '
BEGIN {
    mark = "\001" ENVIRON["NONCE"] " "
    unit = "((n|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?|months?|q|quarters?|y|years?"
    unit = unit "|b|k|kb|mb|g|gb|t|tb)(/s)?)"
    nth = "(1st|2nd|3rd|4th|5th|6th|first|second|third|fourth|fifth|sixth)"
    day = "((sun|mon|tues?|wed|wednes|thu|thurs|fri|sat|satur)(day)?|[0-9][0-9]?|w[0-9][0-9])"
    month = "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?|oct(ober)?|nov(ember)?"
    month = month "|dec(ember)?)"
    one_name = "([0-9][0-9]?:[0-9][0-9]|[A-Za-z0-9][A-Za-z0-9._-]*)"
    # Words after which a secret may stand in a text that only looks like a name.
    announcing = "(^|[ ,])([a-z0-9._-]*(pw|pwd|passwd|password|passphrase|secret|token)|pass|key|sig|auth|bearer|credentials?)"
    announcing = announcing "([ ,]|$)"
    when = "((level=)?(full|incremental|differential|virtualfull|base|since)|"
    when = when "((full|virtualfull|incremental|differential|next)?pool|storage|messages)=(" one_name "|\"" one_name "\")|"
    when = when "(spooldata|accurate|writepartafterjob)=(yes|no|true|false)|priority=[0-9]+|"
    when = when "on|at|hourly|daily|weekly|monthly|last|lastday|"
    when = when nth "(-" nth ")?|" day "(-" day ")?|" month "(-" month ")?|[0-9][0-9]?:[0-9][0-9]([ap]m)?)"
    count = split(directives, rows, " ")
    for (at = 1; at <= count; at++) {
        split(rows[at], columns, ":")
        kinds = split(columns[2], kind, ",")
        names = split(columns[3], named, ",")
        for (k = 1; k <= kinds; k++) for (n = 1; n <= names; n++) know(kind[k] "." named[n], columns[1])
    }
}

# A directive that may be named, and the blocks that it stands in. Where a file is included that holds but a part of a
# block, nothing there says of which: what leaves is what leaves of every block that knows the directive.
function know(key, of_shape,   whole) {
    shape[key] = of_shape
    whole = key
    while (sub(/^[^.]*\./, "", key)) {
        if (!(key in shape_apart) || of_shape == "digest") shape_apart[key] = of_shape
        else if (of_shape == "secret" && shape_apart[key] != "digest") shape_apart[key] = of_shape
        else if (shape_apart[key] !~ /^(digest|secret)$/ && shape_apart[key] != of_shape) shape_apart[key] = ""
    }
    while (sub(/\.[^.]*$/, "", whole)) {
        block[whole] = 1
        key = whole
        while (sub(/^[^.]*\./, "", key)) block_apart[key] = 1
    }
}

function cut(n) { rest = substr(rest, n + 1) }
function tell(tag, what) { printf "%s\t%d\t%s\t.\n", tag, line, what }
function lose() { tell("lost", file); lost = 1; rest = "" }
function is_known() { return (within_block name) in shape || (is_part && (within_block name) in shape_apart) }
function shape_here() {
    if (!is_known()) return ""
    return (within_block name) in shape ? shape[within_block name] : shape_apart[within_block name]
}
function is_secret() { return shape_here() ~ /^(digest|secret)$/ }

function enter(word,   key) {
    key = within_block word
    within_block = key "."
    tell("open", key in block || (is_part && key in block_apart) ? word : "-")
}
function leave() {
    tell("close", file)
    sub(/[^.]*\.$/, "", within_block)
}

function hide(why) { tell("hidden", (is_known() ? name : "-") "\t" why) }

# What is_secret(): a digest where two ends must agree on it.
function secret(value) {
    if (shape_here() != "digest") hide("is a secret")
    else if (index(value, "\002")) hide("is no text")
    else {
        tell("secret", name)
        fflush()
        printf "%s%s", ENVIRON["NONCE"], value | "sha256sum"
        close("sha256sum")
    }
}

# Printable ASCII of bounded length, of a closed alphabet or of closed words. Lists and spaces are brought to one form
# first, since mawk 1.3.4 does not match a group that begins with a space and a star.
function fits(of_shape, text,   low) {
    if (text == "" || 255 < length(text)) return 0
    if (of_shape == "name") {
        gsub(/ *, */, ",", text)
        gsub(/ +/, " ", text)
    }
    if (of_shape == "number") gsub(/ /, "", text)
    if (of_shape == "schedule") {
        gsub(/ *= */, "=", text)
        gsub(/[ ,]+/, " ", text)
    }
    low = tolower(text)
    if (of_shape == "switch") return low ~ /^(yes|no|true|false)$/
    if (of_shape == "word") return length(text) < 30 && low ~ /^[a-z][a-z0-9]*$/
    if (of_shape == "number") return length(text) < 40 && low ~ "^[0-9]+([.][0-9]+)?" unit "?([0-9]+" unit ")*$"
    if (of_shape == "name") return text ~ "^" one_name "([ ,]" one_name ")*$" && (text !~ / / || low !~ announcing)
    if (of_shape == "address") return low ~ /^[a-z0-9][a-z0-9._-]*$/ || low ~ /^[0-9a-f]*:[0-9a-f:.]*$/
    if (of_shape == "schedule") return low ~ "^" when "( " when ")*$"
    if (of_shape != "path") return 0
    if (text ~ /^\//) return text ~ "^([/A-Za-z0-9_.+-]|%[A-Za-z])*$" # a string: no awk takes a backslash for one of these
    sub(/^[a-z]:/, "", low)
    gsub(/[\\\/]program files( [(]x86[)])?/, "/", low)
    return text ~ /^[A-Za-z]:/ && low ~ /^[\\\/]([\\\/a-z0-9_.+-]|%[a-z])*$/
}

# The value of another one.
function plain(text,   of_shape) {
    sub(/^[ \t\r]+/, "", text)
    sub(/[ \t\r]+$/, "", text)
    of_shape = shape_here()
    if (of_shape ~ /^(number|schedule)$/) gsub(/\t/, " ", text)
    if (of_shape == "") hide("is not among the directives that are read")
    else if (!fits(of_shape, text)) hide("is no " of_shape)
    else tell("value", name "\t" text)
}

function finish(status) {
    if (file == "") return
    if (at_end()) lose()
    line = 0
    tell("status", status)
    file = within_block = ""
    lost = 0
    reset()
}

index($0, mark) == 1 {
    cut_at = index($0, "\t")
    word = substr($0, length(mark) + 1, cut_at - length(mark) - 1)
    path = substr($0, cut_at + 1)
    finish(word == "status" ? path : 0)
    if (word == "status") next
    if (word == "part" && !fits("path", path)) next # which no include that is followed names
    line = 0
    file = path
    is_part = word == "part"
    tell(word, file)
    next
}
{
    line++
    if (lost || file == "") next
    rest = $0
    if (line == 1) sub(/^\357\273\277/, "", rest) # the mark of UTF-8
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
            format=$value asked=0 files= folders= directives= addresses=
            ;;
        file=*) files="$files $value" folders="$folders $value" asked=$((asked + 1)) ;;
        folder=*) folders="$folders $value" ;;
        directive=*) directives="$directives $value" ;;
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
