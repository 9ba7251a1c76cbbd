# How many files the main process of each unit asked for may have open at once.
if ! command -v systemctl >/dev/null 2>&1; then
    printf 'no_tool\tsystemctl\t.\nend\n'
    exit 0
fi
printf 'count\t%s\t.\n' "$#"
for unit in "$@"; do
    if ! answer=$(systemctl show -p MainPID "$unit" 2>&1); then
        printf 'refused\t%s\t.\nend\n' "$(printf '%s' "$answer" | tr '\n\t' '  ')"
        exit 0
    fi
    pid=${answer#MainPID=}
    limit=
    if [ "$pid" != 0 ] && [ -r "/proc/$pid/limits" ]; then
        limit=$(awk '/^Max open files / { print $4 }' "/proc/$pid/limits" 2>/dev/null)
    fi
    printf 'asked\t%s\t.\nlimit\t%s\t%s\t.\n' "$unit" "$pid" "$limit"
done
echo end
