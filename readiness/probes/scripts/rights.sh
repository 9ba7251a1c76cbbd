# Owner, group and mode of the product's files and folders, and the login shells of its accounts.
# Arguments: path=PATH, account=NAME.
if ! command -v getent >/dev/null 2>&1; then
    printf 'no_tool\tgetent\t.\nend\n'
    exit 0
fi
printf 'login\t%s\t.\n' "$(id -un)"
printf 'asked\t%s\t.\n' "$#"

tell() {
    case $1 in
        # files and folders of the product
        *) return 1 ;;
    esac
}

for argument in "$@"; do
    asked=${argument#*=}
    case $argument in
        path=*)
            if [ -x "${asked%/*}/" ] && ! [ -e "$asked" ]; then
                printf 'absent\t%s\t.\n' "$asked"
            else
                tell "$asked" || printf 'failed\t%s\t.\n' "$asked"
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
