# Memory and swap, the time zone, what watches over programs in the kernel, and whether this is a container.
awk '$1 == "MemTotal:" || $1 == "SwapTotal:" { printf "%s\t%s\t%s\t.\n", $1, $2, $3 }' /proc/meminfo
if [ -L /etc/localtime ]; then
    printf 'zone\t%s\t.\n' "$(readlink /etc/localtime)"
elif [ -e /etc/localtime ]; then
    printf 'zone_copied\t.\n'
else
    printf 'zone_absent\t.\n'
fi
if [ -e /sys/fs/selinux/enforce ]; then
    printf 'selinux\t%s\t.\n' "$(cat /sys/fs/selinux/enforce)"
elif [ -e /sys/module/apparmor/parameters/enabled ]; then
    printf 'apparmor\t%s\t.\n' "$(cat /sys/module/apparmor/parameters/enabled)"
elif [ -d /sys/module ]; then
    printf 'neither\t.\n'
else
    printf 'no_sys\t.\n'
fi
if command -v systemd-detect-virt >/dev/null 2>&1; then
    printf 'container\t%s\t.\n' "$(systemd-detect-virt --container)"
else
    printf 'no_tool\tsystemd-detect-virt\t.\n'
fi
echo end
