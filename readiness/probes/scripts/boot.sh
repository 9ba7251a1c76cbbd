# The running kernel and those installed, when the host booted, and what asks for a reboot since.
printf 'kernel\t%s\t.\n' "$(uname -r)"
printf 'booted\t%s\t%s\t.\n' "$(awk '$1 == "btime" { print $2 }' /proc/stat)" \
    "$(awk '{ sub(/^.*\) /, ""); print $20 }' /proc/1/stat)"
count=0
if [ -r /boot ] && [ -x /boot ]; then
    for file in /boot/vmlinuz-*; do
        if [ -e "$file" ]; then
            count=$((count + 1))
            printf 'installed\t%s\t.\n' "${file#/boot/vmlinuz-}"
        fi
    done
    printf 'count\t%s\t.\n' "$count"
else
    printf 'boot_kept\t.\n'
fi
if [ -e /run/reboot-required ]; then
    printf 'required\t%s\t.\n' "$(grep -x '[a-z0-9][a-z0-9+.:_-]*' /run/reboot-required.pkgs 2>/dev/null | sort -u | tr '\n' ' ')"
else
    printf 'not_required\t.\n'
fi
# The packages that nothing but a reboot brings into use, whoever keeps the flag above or does not.
if [ -d /var/lib/dpkg/info ]; then
    printf 'manager\tdpkg\t.\n'
    for list in /var/lib/dpkg/info/libc6.list /var/lib/dpkg/info/libc6:*.list /var/lib/dpkg/info/systemd.list \
        /var/lib/dpkg/info/dbus.list /var/lib/dpkg/info/linux-image-*.list; do
        if [ -e "$list" ]; then
            name=${list##*/}
            printf 'package\t%s\t%s\t.\n' "${name%.list}" "$(stat -c %Y "$list")"
        fi
    done | awk '{ print } END { printf "count\t%d\t.\n", NR }'
elif command -v rpm >/dev/null 2>&1; then
    printf 'manager\trpm\t.\n'
    row='package\t%{NAME}\t%{INSTALLTIME}\t.\n'
    rpm -q --qf "$row" glibc systemd dbus dbus-daemon dbus-broker kernel-core kernel-rt-core linux-firmware \
        microcode_ctl 2>&1 | sed 's/^package \([^ ]*\) is not installed$/absent	\1	./' |
        awk '{ print } END { printf "count\t%d\t.\n", NR }'
else
    printf 'manager\tnone\t.\n'
fi
echo end
