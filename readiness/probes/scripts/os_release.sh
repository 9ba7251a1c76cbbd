# The operating system as it names itself, line by line and not evaluated, and the running kernel.
for file in /etc/os-release /usr/lib/os-release; do
    if [ -r "$file" ]; then
        count=0
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in
                ID=* | ID_LIKE=* | VERSION_ID=* | PRETTY_NAME=*)
                    count=$((count + 1))
                    printf 'line\t%s\t.\n' "$line"
                    ;;
            esac
        done <"$file"
        printf 'count\t%s\t.\n' "$count"
        printf 'kernel\t%s\t%s\t.\nend\n' "$(uname -r)" "$(uname -m)"
        exit 0
    fi
done
printf 'no_file\t.\nend\n'
