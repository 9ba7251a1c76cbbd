# Version, state and install time of the packages asked for, by the family's own package manager.
family=$(sed -n 's/^ID=//p; s/^ID_LIKE=//p' /etc/os-release 2>/dev/null)
case $family in
    *debian* | *ubuntu*) manager=dpkg tool=dpkg-query ;;
    *rhel* | *fedora* | *centos* | *rocky* | *alma* | *ol* | *suse*) manager=rpm tool=rpm ;;
    *) manager=unknown tool=unknown ;;
esac
printf 'manager\t%s\t.\n' "$manager"
if ! command -v "$tool" >/dev/null 2>&1; then
    printf 'no_tool\t%s\t.\nend\n' "$tool"
    exit 0
fi
printf 'asked\t%s\t.\n' "$@"
if [ "$manager" = dpkg ]; then
    dpkg-query -W -f='package\t${Package}\t${Version}\t${Architecture}\t${db:Status-Abbrev}\t.\n' "$@" 2>&1
    printf 'status\t%s\t.\n' "$?"
    for name in "$@"; do
        set -- "/var/lib/dpkg/info/$name.list" "/var/lib/dpkg/info/$name":*.list
        for list in "$@"; do
            if [ -e "$list" ]; then printf 'unpacked\t%s\t%s\t.\n' "$name" "$(stat -c %Y "$list")"; fi
        done
    done
else
    rpm -q --qf 'package\t%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{INSTALLTIME}\t.\n' "$@" 2>&1
    printf 'status\t%s\t.\n' "$?"
fi
echo end
