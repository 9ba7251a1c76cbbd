# The program of every process, which only root may read of others; one that was replaced since reads `(deleted)`.
printf 'login\t%s\t.\n' "$(id -un)"
programs=$(
    /usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\\t%l\\n
)
printf 'status\t%s\t.\n' "$?"
printf '%s\n' "$programs" | wc -lc
printf '%s\nend\n' "$programs"
