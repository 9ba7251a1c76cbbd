#!/bin/sh
# Hands the reader and its one sudo rule out to the hosts, renews them, or removes them.
#
#     sh hand-out.sh install [HOST...]     the same to renew them
#     sh hand-out.sh remove [HOST...]
#
# Run it as somebody who may log in to the hosts and become root there by sudo without a password. ADMIN names another
# login; SUDO= is for one that is root; SSH is how to get there, `ssh -J bastion` say. Without HOST it is for every host.
set -u
cd "$(dirname "$0")" || exit 1
ssh=${SSH:-ssh} sudo=${SUDO-sudo -n} admin=${ADMIN:+$ADMIN@}
action=${1:-}
case $action in
    install | remove) shift ;;
    *)
        sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac

# Each takes its place whole or not at all, and the rule only if sudo understands it.
install='
set -e
umask 077
read -r rule
reader=/usr/local/sbin/readiness-read fragment=/etc/sudoers.d/readiness
trap "rm -f $reader.new $fragment.new" EXIT
cat >"$reader.new"
chown root:root "$reader.new"
chmod 755 "$reader.new"
printf "%s\n" "$rule" >"$fragment.new"
chmod 440 "$fragment.new"
visudo -cqf "$fragment.new"
mv "$reader.new" "$reader"
mv "$fragment.new" "$fragment"
'
remove='rm -f /etc/sudoers.d/readiness /usr/local/sbin/readiness-read'

failures=0 done=0
while IFS='	' read -r name address port rule reader; do
    case " $* " in
        '  ' | *" $name "*) ;;
        *) continue ;;
    esac
    done=$((done + 1))
    if [ "$action" = install ]; then
        { printf '%s\n' "$rule" && cat "$reader"; } | $ssh -p "$port" "$admin$address" "$sudo sh -c '$install'"
    else
        $ssh -p "$port" "$admin$address" "$sudo sh -c '$remove'" </dev/null
    fi
    if [ $? -eq 0 ]; then
        printf '%s: %s\n' "$name" "$action"
    else
        printf '%s: FAILED\n' "$name"
        failures=$((failures + 1))
    fi
done <hosts.tsv
printf '%s of %s hosts failed\n' "$failures" "$done"
[ "$failures" -eq 0 ] && [ "$done" -gt 0 ]
