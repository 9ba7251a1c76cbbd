# The program of every process, which only root may read of others; one that was replaced since reads `(deleted)`.
{
    {
        programs=$(
            /usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\\t%l\\n
        )
        printf 'status\t%s\t.\n' "$?" >&3
        printf '%s\n' "$programs" | wc -lc >&3
        printf '%s\nend\n' "$programs" >&3
    } 2>&1 >/dev/null | awk 'many++ < 20000 { print substr($0, 1, 200) }' >&2
} 3>&1
