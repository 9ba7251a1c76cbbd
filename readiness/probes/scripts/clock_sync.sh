# Who keeps the clock right: chrony where it answers, else what systemd says of the kernel's clock.
if command -v chronyc >/dev/null 2>&1 && tracking=$(chronyc -n -c tracking 2>/dev/null); then
    printf 'chronyc\t%s\t.\n' "$tracking"
elif command -v timedatectl >/dev/null 2>&1 && shown=$(timedatectl show -p NTPSynchronized --value 2>&1); then
    printf 'timedatectl\t%s\t.\n' "$shown"
else
    printf 'none\tneither chronyc nor timedatectl gives an answer\t.\n'
fi
echo end
