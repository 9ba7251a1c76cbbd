# What systemd says of every service, socket and timer, those that it has loaded and those of which it has a file.
if ! command -v systemctl >/dev/null 2>&1; then
    printf 'no_tool\t.\nend\n'
    exit 0
fi
set -f
{
    if files=$(systemctl list-unit-files --type=service,socket,timer --no-legend --no-pager --full 2>&1); then
        # A template is no unit; its instances are loaded, or are none.
        names=$(printf '%s\n' "$files" | awk '$1 !~ /@\./ { print $1 }')
        TZ=UTC systemctl show --no-pager --all -p Id -p Names -p LoadState -p ActiveState -p SubState -p UnitFileState \
            -p MainPID -p ExecMainStartTimestamp -- $names '*.service' '*.socket' '*.timer' 2>&1
    else
        code=$?
        printf '%s\n' "$files"
        (exit "$code")
    fi
    printf '\nstatus=%s\n\n' "$?"
} | awk '
    function known(key) { return key in values ? values[key] : "-" }
    /^status=/ { status = substr($0, 8); next }
    /^[A-Za-z]+=/ { at = index($0, "="); values[substr($0, 1, at - 1)] = substr($0, at + 1); next }
    NF { printf "other\t%s\t.\n", $0; next }
    ("Id" in values) && !seen[values["Id"]]++ {
        many++
        printf "unit\t%s\t%s\t%s\t%s", values["Id"], known("Names"), known("LoadState"), known("ActiveState")
        printf "\t%s\t%s\t%s\t%s\t.\n", known("SubState"), known("UnitFileState"), known("MainPID"), known("ExecMainStartTimestamp")
    }
    { split("", values) }
    END { printf "status\t%s\t.\ncount\t%d\t.\n", status, many }
'
echo end
