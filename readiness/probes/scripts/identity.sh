# The host's own name, and its machine id.
printf 'hostname\t%s\t.\n' "$(uname -n)"
if [ -r /etc/machine-id ]; then
    printf 'machine_id\t%s\t.\n' "$(cat /etc/machine-id)"
elif [ -e /etc/machine-id ]; then
    printf 'machine_id_unreadable\t.\n'
else
    printf 'machine_id_absent\t.\n'
fi
echo end
