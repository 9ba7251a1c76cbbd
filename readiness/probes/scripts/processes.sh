# The program of every process; one that was replaced since reads `(deleted)`.
$SUDO /usr/bin/find /proc -mindepth 2 -maxdepth 2 -name exe -printf %h\\t%l\\t.\\n
printf 'status\t%s\nend\n' "$?"
