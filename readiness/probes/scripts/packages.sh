# Version, state and install time of every package, by the package manager of the host's own family.
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
# dpkg keeps no time of its own: it is that of the list of a package's files.
{
    if [ "$manager" = dpkg ]; then
        printf '%s\0' /var/lib/dpkg/info/*.list | xargs -0 stat -c 'list	%n	%Y' 2>&1
        dpkg-query -W -f='package\t${Package}\t${Version}\t${Architecture}\t${db:Status-Abbrev}\n' 2>&1
    else
        rpm -q -a --qf 'package\t%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{INSTALLTIME}\n' 2>&1
    fi
    printf 'status\t%s\n' "$?"
} | awk -F '\t' -v manager="$manager" '
    $1 == "list" {
        sub(/^.*\//, "", $2)
        sub(/\.list$/, "", $2)
        time[$2] = $3
        next
    }
    $1 == "package" && NF == 5 {
        many++
        if (manager == "dpkg") $5 = $5 "\t" (($2 ":" $4) in time ? time[$2 ":" $4] : time[$2])
        printf "package\t%s\t%s\t%s\t%s\t.\n", $2, $3, $4, $5
        next
    }
    { printf "%s\t%s\t.\n", ($1 == "status" ? $1 : "other"), ($1 == "status" ? $2 : $0) }
    END { printf "count\t%d\t.\n", many }
'
echo end
