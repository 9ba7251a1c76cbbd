# Certificates of the product in the folders that the catalogue names, and the owner and mode of every file there.
# Of a private key only its public half is sent: openssl makes it on the host.
# Arguments: the folders.
for tool in awk sha256sum; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        printf 'no_tool\t%s\t.\nend\n' "$tool"
        exit 0
    fi
done
printf 'login\t%s\t.\n' "$(id -un)"

read_certificates() {
    /usr/bin/find -L "$folder" -type f -size -128k -printf \\001file\\t%p\\t%u\\t%g\\t%m\\t.\\n -exec /usr/bin/sed -n /BEGIN.CERTIFICATE/,/END.CERTIFICATE/p {} \;
}

read_public_keys() {
    /usr/bin/find -L "$folder" -type f -size -128k -printf \\001key\\t%p\\t.\\n -exec /usr/bin/openssl pkey -in {} -passin pass: -pubout \;
}

# Whole blocks of this kind and the lines that tell of files, and nothing else.
only() {
    awk -v begin="-----BEGIN $1-----" -v end="-----END $1-----" '
        /^\001/ { print substr($0, 2); block = ""; next }
        { sub(/\r$/, "") }
        $0 == begin { block = $0; next }
        block == "" { next }
        $0 == end { print block "\n" $0; block = ""; next }
        /^[A-Za-z0-9+\/=]+$/ { block = block "\n" $0; next }
        { block = "" }
    '
}

everything() {
    for folder in "$@"; do
        if [ -x "${folder%/*}/" ] && ! [ -e "$folder" ]; then
            printf 'absent\t%s\t.\n' "$folder"
            continue
        fi
        printf 'folder\t%s\t.\n' "$folder"
        { read_certificates; printf '\001status\t%s\t.\n' "$?"; } | only CERTIFICATE
        { read_public_keys 2>/dev/null; } | only 'PUBLIC KEY'
    done
}

told=$(everything "$@")
printf '%s\n' "$told"
printf '%s\n' "$told" | sha256sum
echo end
