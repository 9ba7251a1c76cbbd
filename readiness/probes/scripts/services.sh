# What systemd says of the units asked for.
if ! command -v systemctl >/dev/null 2>&1; then
    printf 'no_tool\tsystemctl\nend\n'
    exit 0
fi
printf 'asked\t%s\n' "$@"
systemctl show --no-pager -p Id -p Names -p LoadState -p ActiveState -p SubState -p UnitFileState \
    -p MainPID -p ExecMainPID -p ExecMainStartTimestamp "$@" 2>&1
printf 'status\t%s\nend\n' "$?"
