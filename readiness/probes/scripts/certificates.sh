# Certificates of the product in the folders that the catalogue names, and the rights of every file there.
# Of a private key only the digest of its public half is sent: openssl makes it on the host.
# Arguments: the folders. Before this stand the guard and what reads access lists.
for tool in awk sha256sum stat readlink head od openssl; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        printf 'no_tool\t%s\t.\nend\n' "$tool"
        exit 0
    fi
done
folders=$* limit=262144
line_end='
'

not_read() {
    printf 'unread\t%s\t%s\t%s\t%s\t.\n' "$(printable "$path")" "$why" "$place" "$whom"
}

# The certificates, whole blocks of them and nothing else; then a line on the private key.
certificates_in() {
    { head -c "$limit" -- "$real" || printf '\n\001\n'; } | awk -v begin='-----BEGIN CERTIFICATE-----' -v end='-----END CERTIFICATE-----' '
        { sub(/\r$/, "") }
        $0 == "\001" { key = "failed" }
        key == "" && /^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----$/ { key = /ENCRYPTED/ ? "encrypted" : "plain" }
        key == "plain" && /^Proc-Type: 4,ENCRYPTED/ { key = "encrypted" }
        $0 == begin { block = $0; next }
        block == "" { next }
        $0 == end { print block "\n" $0; block = ""; many++; next }
        /^[A-Za-z0-9+\/=]+$/ { block = block "\n" $0; next }
        { block = "" }
        END { print (key == "" ? (many ? "none" : "nothing") : key) }
    '
}

# A file of PKCS#12 is told, not opened: it begins with a sequence whose first member is the number 3.
is_pkcs12() {
    case $(head -c 16 -- "$real" | od -An -v -tx1 | tr -d ' \n') in
        3080020103* | 30[0-7]?020103* | 3081??020103* | 3082????020103* | 3083??????020103*) return 0 ;;
        *) return 1 ;;
    esac
}

read_file() {
    content=$(certificates_in)
    key=${content##*"$line_end"}
    if [ "$key" = failed ]; then
        refuse failed "$real" '' || not_read
        return
    fi
    rights=$(stat --printf '%U\t%G\t%a' -- "$real" | tr -c '\t\040-\176' '?')
    printf 'file\t%s\t%s\t.\n' "$path" "$rights"
    access_list "$real"
    case $content in
        *"$line_end"*) printf '%s\n' "${content%"$line_end"*}" ;;
    esac
    case $key in
        plain)
            digest=$(openssl pkey -passin pass: -pubout -outform DER <"$real" 2>/dev/null | sha256sum)
            digest=${digest%% *}
            case $digest in # that of nothing
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855) printf 'locked\tnot understood by openssl\t.\n' ;;
                *) printf 'key\t%s\t.\n' "$digest" ;;
            esac
            ;;
        encrypted) printf 'locked\tencrypted with a passphrase\t.\n' ;;
        nothing)
            if is_pkcs12; then printf 'locked\tin a file of PKCS#12\t.\n'; fi
            ;;
    esac
}

read_entries() {
    set -f
    for path in "$@"; do
        if ! [ -e "$path" ] && ! [ -L "$path" ]; then continue; fi
        many=$((many + 1))
        if [ "$many" -gt 2000 ]; then
            path=$top
            refuse many "$top" 2000 || not_read
            queue=
            return
        fi
        if ! may_look "$path"; then
            if [ "$why" != absent ]; then not_read; fi
        elif [ "$kind" = folder ]; then
            case $here/:${path#"$top"} in
                "$real"/*) refuse endless '' '' || not_read ;;
                *:*/*/*/*/*/*/*/*/*) refuse deep "$real" "$real" || not_read ;;
                *) queue=$queue$path$line_end ;;
            esac
        elif may_read "$path"; then
            read_file
        else
            not_read
        fi
    done
}

everything() {
    for top in "$@"; do
        path=$top
        if ! may_look "$top" || ! is_solid "$real"; then
            if [ "$why" = absent ]; then printf 'absent\t%s\t.\n' "$top"; else not_read; fi
            continue
        fi
        printf 'folder\t%s\t.\n' "$top"
        queue=$top$line_end many=0
        while [ -n "$queue" ]; do
            at=${queue%%"$line_end"*} queue=${queue#*"$line_end"}
            path=$at
            if ! may_look "$at" || ! is_solid "$real"; then
                not_read
                continue
            fi
            here=$real
            set +f
            read_entries "$at"/* "$at"/.[!.]* "$at"/..?*
        done
    done
}

{
    told=$(everything "$@")
    printf '%s\n' "$told"
    printf '%s\n' "$told" | sha256sum
    echo end
} 2>/dev/null # what tools say of a file may hold some of it
