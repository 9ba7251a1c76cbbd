# The host's own name, the full one it gives itself, and its machine id.
name=$(uname -n)
printf 'hostname\t%s\t.\n' "$name"
full=$(timeout 5 hostname -f 2>/dev/null) || full=
if [ -z "$full" ]; then
    # No `hostname` command, or it failed: the second word of what the resolver says of the name.
    answer=$(timeout 5 getent hosts "$name" 2>/dev/null) || answer=
    set -f
    set -- $answer
    full=$2
fi
printf 'fqdn\t%s\t.\n' "$full"
if [ -r /etc/machine-id ]; then
    printf 'machine_id\t%s\t.\n' "$(cat /etc/machine-id)"
elif [ -e /etc/machine-id ]; then
    printf 'machine_id_unreadable\t.\n'
else
    printf 'machine_id_absent\t.\n'
fi
echo end
