# Version, state and install time of the packages asked for, by the package manager of the host's own family.
words=
for file in /etc/os-release /usr/lib/os-release; do
    if [ -r "$file" ]; then
        while IFS='=' read -r key value || [ -n "$key" ]; do
            value=${value#[\"\']}
            case $key in ID | ID_LIKE) words="$words ${value%[\"\']}" ;; esac
        done <"$file"
        break
    fi
done
case "$words " in
    *' debian '* | *' ubuntu '*) manager=dpkg tool=dpkg-query ;;
    *' rhel '* | *' fedora '* | *' centos '* | *' rocky '* | *' almalinux '* | *' ol '*) manager=rpm tool=rpm ;;
    *) manager=none tool=none ;;
esac
printf 'manager\t%s\t.\n' "$manager"
if ! command -v "$tool" >/dev/null 2>&1; then
    printf 'no_tool\t%s\t.\nend\n' "$tool"
    exit 0
fi
if [ $# -eq 0 ]; then # dpkg-query would list them all
    printf 'nothing_asked\t.\nend\n'
    exit 0
fi
printf 'asked\t%s\t.\n' "$@"
if [ "$manager" = dpkg ]; then
    row='package\t${Package}\t${Version}\t${Architecture}\t${db:Status-Abbrev}\t.\n'
    answer=$(dpkg-query -W -f="$row" "$@" 2>&1)
    printf 'status\t%s\t.\n' "$?"
    lists=
    for name in "$@"; do
        for list in "/var/lib/dpkg/info/$name.list" "/var/lib/dpkg/info/$name":*.list; do
            if [ -e "$list" ]; then lists="$lists $list"; fi
        done
    done
    if [ -n "$lists" ]; then stat -c 'unpacked	%n	%Y	.' $lists 2>&1; fi
else
    row='package\t%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{INSTALLTIME}\t.\n'
    answer=$(rpm -q --qf "$row" "$@" 2>&1)
    printf 'status\t%s\t.\n' "$?"
fi
printf 'count\t%s\t.\n' "$(printf '%s\n' "$answer" | wc -l | tr -d ' ')"
printf '%s\nend\n' "$answer"
