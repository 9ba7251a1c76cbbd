# The size in bytes of each path asked for.
size() {
    stat -L -c %s "$path"
}
for path in "$@"; do
    printf 'size\t%s\t%s\t.\n' "$path" "$(size)"
done
printf 'count\t%s\t.\nend\n' "$#"
