# What systemd says of the units asked for, one line a unit in the order they were asked for.
if ! command -v systemctl >/dev/null 2>&1; then
    printf 'no_tool\t.\nend\n'
    exit 0
fi
if [ $# -eq 0 ]; then # systemctl would tell of itself
    printf 'nothing_asked\t.\nend\n'
    exit 0
fi
printf 'asked\t%s\t.\n' "$@"
{
    TZ=UTC systemctl show --no-pager --all -p Id -p Names -p LoadState -p ActiveState -p SubState \
        -p UnitFileState -p MainPID -p ExecMainStartTimestamp "$@" 2>&1
    printf '\nstatus=%s\n\n' "$?"
} | while IFS= read -r line; do
    if [ -n "$line" ]; then
        told="$told	$line"
    else
        printf 'told%s\t.\n' "$told"
        told=
    fi
done
echo end
