#!/bin/sh
# Hands the reader and its one sudo rule out to the hosts, renews them, or removes them.
#
#     sh hand-out.sh install [HOST...]     the same to renew them
#     sh hand-out.sh remove [HOST...]
#
# Run it as somebody who may log in to the hosts and become root there by sudo without a password. ADMIN names another
# login; SUDO= is for one that is root; SSH is how to get there, `ssh -J bastion` say. Without HOST it is for every host.
# Exit 0: all is done; 1: a host failed; 2: wrong usage, and no host was contacted.
set -u
CDPATH='' cd -- "$(dirname -- "$0")" || exit 2
ssh=${SSH:-ssh} sudo=${SUDO-sudo -n} admin=${ADMIN:+$ADMIN@}
action=${1:-}
case $action in
    install | remove) shift ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' hand-out.sh >&2
        exit 2
        ;;
esac
unknown=0
for host; do
    cut -f 1 hosts.tsv | grep -qxF -- "$host" && continue
    printf '%s: no such host in hosts.tsv\n' "$host" >&2
    unknown=1
done
[ "$unknown" = 0 ] || exit 2

# Each takes its place whole or not at all: the reader only with the digest it was printed with, the rule only if sudo
# understands it, and both only where nobody but root can change what leads to them.
install='
set -eu
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
reader=/usr/local/sbin/readiness-read fragment=/etc/sudoers.d/readiness
stop() { echo "$*" >&2; exit 1; }
read -r rule
read -r sum
command -v visudo >/dev/null || stop "there is no visudo: install sudo"
[ -d "$fragment" ] || [ -d "$reader" ] && stop "there is a folder in the place of $reader or $fragment"
unsafe=$(find -L / /usr /usr/local /usr/local/sbin -maxdepth 0 "(" ! -uid 0 -o -perm /022 ")")
[ -z "$unsafe" ] || stop "others than root may change these, so the reader would not be run:" $unsafe
trap "rm -f $reader.new $fragment.new" EXIT
trap "exit 1" HUP INT TERM
timeout 60 cat >"$reader.new"
[ "$(sha256sum <"$reader.new")" = "$sum  -" ] || stop "the reader that came is not the one that was printed"
chmod 755 "$reader.new"
printf "%s\n" "$rule" >"$fragment.new"
chmod 440 "$fragment.new"
visudo -cf "$fragment.new" >/dev/null
mv -f "$reader.new" "$reader"
mv -f "$fragment.new" "$fragment"
'
remove='for file in /etc/sudoers.d/readiness /usr/local/sbin/readiness-read; do rm -f "$file" "$file.new" || exit; done'

failed=0 tried=0
while IFS='	' read -r name address port rule sum reader; do
    case " $* " in
        '  ' | *" $name "*) ;;
        *) continue ;;
    esac
    tried=$((tried + 1))
    to="$ssh -o ConnectTimeout=10 -o ServerAliveInterval=10"
    [ "$port" = 22 ] || to="$to -p $port" # 22 is what there is without a port, and your ssh_config may say another one
    if [ "$action" = install ]; then
        { printf '%s\n%s\n' "$rule" "$sum" && cat "$reader"; } | $to "$admin$address" "$sudo sh -c '$install'"
    else
        $to "$admin$address" "$sudo sh -c '$remove'" </dev/null
    fi
    if [ $? -eq 0 ]; then
        printf '%s: %s done\n' "$name" "$action"
    else
        printf '%s: %s FAILED\n' "$name" "$action"
        failed=$((failed + 1))
    fi
done <hosts.tsv
printf '%s of %s hosts failed\n' "$failed" "$tried"
[ "$failed" -eq 0 ] && [ "$tried" -gt 0 ]
