# The units that systemd holds for failed.
if ! command -v systemctl >/dev/null 2>&1; then
    printf 'no_tool\tsystemctl\t.\nend\n'
    exit 0
fi
if ! answer=$(systemctl list-units --failed --plain --no-legend --no-pager --full 2>&1); then
    printf 'refused\t%s\t.\nend\n' "$(printf '%s' "$answer" | tr '\n\t' '  ')"
    exit 0
fi
printf '%s\n' "$answer" | awk 'NF { many++; printf "failed\t%s\t%s\t.\n", $1, $3 } END { printf "count\t%d\t.\n", many }'
echo end
