# The access list of a path, a line an entry: `list` and the entry as getfacl prints it. Stands after the guard.
access_list() {
    if ! has_list "$1"; then return; fi
    if ! command -v getfacl >/dev/null 2>&1; then
        printf 'no_list\t.\n'
        return
    fi
    next=$(getfacl -cpE -- "$1" 2>/dev/null) || next=
    if [ -z "$next" ]; then printf 'no_list\t.\n'; fi
    printf '%s\n' "$next" | tr -c '\n\041-\176' '?' | while read -r next; do
        if [ -n "$next" ]; then printf 'list\t%s\t.\n' "$next"; fi
    done
}
