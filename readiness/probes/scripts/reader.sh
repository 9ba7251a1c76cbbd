# What needs root is read by the reader: its text runs as it is where the login is root, and else from the host's own
# copy, which one sudo rule lets the login run, and which is run only where it is this very text.
# Before this stands the text: reader='...'.
file=/usr/local/sbin/readiness-read
mark=$(printf 'mark %s' "$NONCE" | sha256sum)
mark=${mark%% *}

read_as_root() {
    printf %s "$NONCE" | "$@"
    printf '\n@%s done %s\n' "$mark" "$?"
}

if [ "$(id -u)" = 0 ]; then
    printf 'root\t.\nend\n'
    read_as_root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C LANG=C TZ=UTC READER="$reader" \
        /bin/sh -c "$reader" readiness-read all
    exit 0
fi

printf 'login\t%s\t.\n' "$(id -un)"
for tool in sudo doas; do
    if command -v "$tool" >/dev/null 2>&1; then printf 'tool\t%s\t.\n' "$tool"; fi
done
fit=yes
for place in / /usr /usr/local /usr/local/sbin "$file"; do
    if row=$(stat -c '%F	%U	%G	%a' "$place" 2>/dev/null); then
        printf 'place\t%s\t%s\t.\n' "$place" "$row"
    else
        printf 'no_place\t%s\t.\n' "$place"
    fi
    if [ -z "$(find "$place" -maxdepth 0 -uid 0 ! -perm /022 ! -type l 2>/dev/null)" ]; then fit=no; fi
done
wanted=$(printf '%s\n' "$reader" | sha256sum)
installed=$(sha256sum 2>/dev/null <"$file")
printf 'wanted\t%s\t.\ninstalled\t%s\t.\n' "${wanted%% *}" "${installed%% *}"

# The rules of the login. Their arguments stay here: they may hold a secret.
if listed=$(sudo -n -l -l 2>/dev/null); then
    printf '%s\n' "$listed" | tr -c '\t\n\040-\176' '?' | awk '
        /^Sudoers entry/ { users = options = ""; inside = 0; next }
        { line = $0; gsub(/\t/, " ", line) }
        /^    RunAsUsers: / { users = substr(line, 17) }
        /^    Options: / { options = substr(line, 14) }
        /^    Commands:/ { inside = 1; next }
        inside && /^\t/ {
            command = substr($0, 2)
            kind = "other"
            if (command == "/usr/local/sbin/readiness-read \"\"") kind = "reader"
            if (command ~ /\\001(part|file|key)|-printf path\\+t|-maxdepth 3 -name map_files|-name exe -printf/) kind = "old"
            sub(/[ \t].*/, "", command)
            printf "rule\t%s\t%s\t%s\t%s\t.\n", kind, users, options, substr(command, 1, 200)
            many++
        }
        END { printf "rules\t%d\t.\n", many }
    '
else
    printf 'no_rules\t.\n'
fi
if [ "$fit" = yes ] && [ "$wanted" = "$installed" ]; then
    printf 'run\t.\nend\n'
    read_as_root sudo -n "$file"
else
    printf 'not_run\t.\nend\n'
fi
