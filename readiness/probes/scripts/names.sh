# What the names asked for mean on this host: their addresses, and the names that each address leads back to.
if ! command -v getent >/dev/null 2>&1; then
    printf 'no_tool\tgetent\t.\nend\n'
    exit 0
fi
printf 'count\t%s\t.\n' "$#"
for name in "$@"; do
    printf 'asked\t%s\t.\n' "$name"
    getent ahosts "$name" | while read -r address kind _; do
        if [ "$kind" = STREAM ]; then
            printf 'forward\t%s\t%s\t.\n' "$name" "$address"
            back=$(getent hosts "$address")
            set -f
            set -- $back
            if [ "$#" -gt 0 ]; then shift; fi
            printf 'reverse\t%s\t%s\t.\n' "$address" "$*"
        fi
    done
done
echo end
