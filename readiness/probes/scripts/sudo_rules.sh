# Which of the commands that need root the login may run; nothing is run.
printf 'asked\t%s\t.\n' "$#"
if [ -z "$SUDO" ]; then
    printf 'root\t.\nend\n'
    exit 0
fi
if command -v sudo >/dev/null 2>&1; then has=yes; else has=no; fi
printf 'sudo\t%s\t.\n' "$has"
set -f
for command in "$@"; do
    word=refused
    if [ "$has" = yes ] && sudo -n -l -- $command >/dev/null 2>&1; then word=allowed; fi
    printf '%s\t%s\t.\n' "$word" "$command"
done
echo end
