# The settings that sshd goes by, defaults and included files counted in; only root can ask, since keys come with them.
printf 'login\t%s\t.\n' "$(id -un)"
settings=$(
    /usr/sbin/sshd -T
)
printf 'status\t%s\t.\n' "$?"
printf '%s\n' "$settings" | tr -c '\t\n\040-\176' '?' |
    awk 'NF { many++; printf "setting\t%s\t.\n", $0 } END { printf "count\t%d\t.\n", many }'
echo end
