# The settings that sshd goes by, defaults and included files counted in; only root can ask, since keys come with them.
# Arguments: KEYWORD=SHAPE, the settings whose value is told where it has this shape; of others only that they are there,
# since a value may be a token, a command or its arguments.
if ! command -v awk >/dev/null 2>&1; then
    printf 'no_tool\tawk\t.\nend\n'
    exit 0
fi
run=/usr/sbin/sshd
settings=$($run -T 2>/dev/null)
status=$?
printf 'status\t%s\t.\n' "$status"

# Where sshd finds fault: the file, the line and the keyword, none of which is a value.
fault() {
    $run -T 2>&1 >/dev/null | awk -v known="$*" '
        BEGIN {
            many = split(known, words, " ")
            for (at = 1; at <= many; at++) {
                sub(/=.*/, "", words[at])
                keywords[words[at]] = 1
            }
        }
        20 < ++told { exit }
        /^sshd: no hostkeys available/ { print "reason\tno host key is available\t."; next }
        /^Missing privilege separation directory/ { print "reason\tits folder for privilege separation is missing\t."; next }
        match($0, /^\/[A-Za-z0-9_.\/+-]+:? line [0-9]+: /) {
            place = substr($0, 1, RLENGTH - 2)
            many = split(substr($0, RLENGTH + 1), words, /[^A-Za-z0-9]+/)
            word = ""
            for (at = 1; at <= many && word == ""; at++) if (tolower(words[at]) in keywords) word = tolower(words[at])
            sub(/:? line /, "\t", place)
            print "fault\t" place "\t" word "\t."
        }
    '
}

told() {
    printf '%s\n' "$settings" | awk -v known="$*" '
        BEGIN {
            many = split(known, words, " ")
            for (at = 1; at <= many; at++) {
                place = index(words[at], "=")
                shapes[substr(words[at], 1, place - 1)] = substr(words[at], place + 1)
            }
            pattern["number"] = "^[0-9]+$"
            pattern["numbers"] = "^[0-9]+([: ][0-9]+)*$"
            pattern["word"] = "^[A-Za-z0-9][A-Za-z0-9-]*$"
            pattern["words"] = "^[A-Za-z][A-Za-z0-9-]*([ ,][A-Za-z][A-Za-z0-9-]*)*$"
            pattern["algorithms"] = "^[a-z0-9][a-z0-9@.-]*(,[a-z0-9][a-z0-9@.-]*)*$"
            pattern["address"] = "^[0-9a-zA-Z.:*_-]+$|^\\[[0-9a-fA-F:.]+(%[a-z0-9]+)?\\]:[0-9]+$"
            name = "[][A-Za-z0-9._*?!@:/,+$%\\\\-]+"
            pattern["names"] = "^" name "( " name ")*$"
            pattern["paths"] = "^(none|internal|[A-Za-z0-9._%/+-]*)( [A-Za-z0-9._%/+-]+)*$"
        }
        NF == 0 { next }
        { keyword = $1; value = $0; sub(/^[^ ]* ?/, "", value); many_told++ }
        keyword !~ /^[a-z0-9]+$/ || 64 < length(keyword) { print "other\t?\t."; next }
        keyword in shapes && length(value) < 4000 && (value == "none" || value == "any" || value ~ pattern[shapes[keyword]]) {
            printf "setting\t%s %s\t.\n", keyword, value
            next
        }
        { printf "other\t%s\t.\n", keyword }
        END { printf "count\t%d\t.\n", many_told }
    '
}

if [ "$status" -eq 0 ]; then told "$@"; else fault "$@"; fi 2>/dev/null
echo end
