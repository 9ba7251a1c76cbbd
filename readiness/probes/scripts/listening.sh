# The TCP sockets that listen, and which programs hold them, which only root may see of other users' processes.
printf 'machine\t%s\t.\n' "$(uname -m)"
tables=/proc/net/tcp
if [ -r /proc/net/tcp6 ]; then tables="$tables /proc/net/tcp6"; fi
sockets=$(awk '$4 == "0A" { many++; printf "socket\t%s\t%s\t.\n", $2, $10 } END { printf "count\t%d\t.", many }' $tables 2>&1)
printf 'read\t%s\t.\n%s\n' "$?" "$sockets"
inodes=$(printf '%s\n' "$sockets" | awk '$1 == "socket" { print $3 }' | tr '\n' '|')
# A program's name may be anything, a line break included: a row ends with a null, and what is no plain text is a `?`.
# What find says of kernel threads, and of processes that ended meanwhile, stays here: it may be more than all the rest.
{
    {
        /usr/bin/find /proc -maxdepth 3 -name map_files -prune -o -name net -prune -o -name ns -prune -o -name task -prune -o -type l -printf %p\\t%l\\0
        printf '/status\t%s\0' "$?"
    } 2>&1 >&3 | awk '
        /^\/usr\/bin\/find: [^ ]*\/proc\/[^ ]*: (No such file or directory|No such process|Permission denied)$/ { next }
        many++ < 20 { print substr($0, 1, 200) }
    ' >&2
} 3>&1 | tr '\n\000' '?\n' | tr -c '\t\n\040-\176' '?' |
    grep -E "^/status	|^/proc/[0-9]+/exe	.|^/proc/[0-9]+/fd/[0-9]+	socket:\[(${inodes}none)\]\$" |
    awk '{ printf "row\t%s\t.\n", $0 } END { printf "count\t%d\t.\n", NR }'
echo end
