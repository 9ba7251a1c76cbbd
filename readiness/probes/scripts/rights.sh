# Kind, owner, group, mode and access list of the product's files and folders, and the login shells of its accounts.
# Links are followed where only root may change them; nothing is opened.
# Arguments: path=PATH, account=NAME. Before this stand the guard and what reads access lists.
for tool in getent sha256sum stat readlink ls; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        printf 'no_tool\t%s\t.\nend\n' "$tool"
        exit 0
    fi
done
everything() {
    printf 'asked\t%s\t.\n' "$#"
    for argument in "$@"; do
        asked=${argument#*=}
        case $argument in
            path=*)
                if ! follow "$asked" && [ "$why" != absent ]; then
                    real=$asked
                    if measure "$asked"; then why=; else why=absent; fi
                fi
                rights=
                if [ -z "$why" ]; then rights=$(stat --printf '%U\t%G\t%a' -- "$real" | tr -c '\t\040-\176' '?'); fi
                if [ -n "$rights" ]; then
                    printf 'path\t%s\t%s\t%s\t.\n' "$asked" "$kind" "$rights"
                    access_list "$real"
                else
                    printf 'absent\t%s\t.\n' "$asked"
                fi
                ;;
            account=*)
                line=$(getent passwd "$asked")
                case $line in
                    "$asked":*) printf 'account\t%s\t%s\t.\n' "$asked" "${line##*:}" ;;
                    *) printf 'no_account\t%s\t.\n' "$asked" ;;
                esac
                ;;
        esac
    done
}

{
    told=$(everything "$@")
    printf '%s\n' "$told"
    printf '%s\n' "$told" | sha256sum
    echo end
} 2>/dev/null
