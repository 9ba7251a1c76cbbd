# Owner, group and mode of the product's files and folders, and the login shells of its accounts.
# Arguments: path=PATH, account=NAME.
if ! command -v getent >/dev/null 2>&1; then
    printf 'no_tool\tgetent\t.\nend\n'
    exit 0
fi
printf 'login\t%s\t.\n' "$(id -un)"
printf 'asked\t%s\t.\n' "$#"

owner_and_mode() {
    /usr/bin/find -L "$path" -maxdepth 0 -printf path\\t%p\\t%u\\t%g\\t%m\\t.\\n
}

for argument in "$@"; do
    asked=${argument#*=}
    case $argument in
        path=*)
            path=$asked
            if [ -x "${path%/*}/" ] && ! [ -e "$path" ]; then
                printf 'absent\t%s\t.\n' "$path"
            else
                owner_and_mode || printf 'failed\t%s\t.\n' "$path"
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
echo end
