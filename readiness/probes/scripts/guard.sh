# Whether root may read what others name: where nobody but root can put something else in its place, there is no race.
# Given are `folders`, those that are fixed, a space between, and `limit`, the most bytes of a file. A path holds
# printable characters only. Where it leads is in `real`, what that is in `kind`, `size`, `uid` and `bits`. Why it is not
# read is in `why`, `absent` where there is nothing; because of which `place` and of `whom` or what.
set -f
solid=' '

refuse() {
    why=$1 place=$2 whom=$3
    return 1
}

printable() { printf '%s' "$1" | tr -c '\040-\176' '?'; }

# A path itself: links are not followed.
measure() {
    measured=$1
    size=$(stat -c '%f %u %s' -- "$1" 2>/dev/null) || return 1
    bits=$((0x${size%% *})) uid=${size#* } size=${size##* }
    uid=${uid%% *}
    case $((bits & 0170000)) in
        16384) kind=folder ;;
        32768) kind=file ;;
        40960) kind=link ;;
        4096) kind=pipe ;;
        49152) kind=socket ;;
        *) kind=device ;;
    esac
}

# `ls` marks a path that has an access list with a plus.
has_list() {
    case $(ls -ld -- "$1" 2>/dev/null) in
        ??????????+*) return 0 ;;
        *) return 1 ;;
    esac
}

# Only root may change what was measured; an access list's rights to write show in the bits of the group.
is_roots() {
    if [ "$uid" -ne 0 ]; then
        refuse owner "$measured" "$(printable "$(stat -c %U -- "$measured")")"
    elif [ "$kind" = folder ] && [ $((bits & 01002)) -eq $((01002)) ]; then
        refuse sticky "$measured" ''
    elif [ $((bits & 02)) -ne 0 ]; then
        refuse all "$measured" ''
    elif [ $((bits & 020)) -ne 0 ]; then
        why=group
        if has_list "$measured"; then why=list; fi
        refuse "$why" "$measured" "$(printable "$(stat -c %G -- "$measured")")"
    fi
}

# A folder whose entries only root may change; a filesystem that a user made may say so of itself, too.
is_solid() {
    case $solid in *" $1 "*) return 0 ;; esac
    if [ "$measured" != "$1" ]; then measure "$1" || refuse absent '' '' || return; fi
    if [ "$kind" != folder ]; then refuse absent '' '' || return; fi
    is_roots || return
    case $(stat -f -c %T -- "$1" 2>/dev/null) in
        fuse*) refuse fuse "$1" '' || return ;;
    esac
    case $1 in
        *' '*) ;;
        *) solid="$solid$1 " ;;
    esac
}

# Where a path leads: each folder is looked at before what it holds is.
follow() {
    left=$1 real= why= hops=0 measured=
    case $1 in
        *[!\ -~]*) refuse name '' '' || return ;;
        /*) ;;
        *) refuse relative '' '' || return ;;
    esac
    while [ -n "$left" ]; do
        next=${left%%/*}
        case $left in
            */*) left=${left#*/} ;;
            *) left= ;;
        esac
        if [ -z "$next" ]; then continue; fi
        is_solid "${real:-/}" || return
        case $next in
            .) continue ;;
            ..)
                real=${real%/*}
                continue
                ;;
        esac
        case $solid in
            *" $real/$next "*)
                real=$real/$next
                continue
                ;;
        esac
        measure "$real/$next" || refuse absent '' '' || return
        if [ "$kind" != link ]; then
            real=$real/$next
            continue
        fi
        next=$(readlink -n -- "$measured" && printf .)
        next=${next%.}
        hops=$((hops + 1))
        case $next in
            '' | *[!\ -~]*) refuse name '' '' || return ;;
            /*) real= ;;
        esac
        if [ "$hops" -gt 40 ]; then refuse endless '' '' || return; fi
        left=$next/$left
    done
    real=${real:-/}
    if [ "$measured" != "$real" ]; then measure "$real" || refuse absent '' ''; fi
}

is_inside() {
    for fixed in $folders; do
        case $fixed:$real/ in
            /:*) ;; # everything lies there
            *":${fixed%/}"/*) return 0 ;;
        esac
    done
    return 1
}

# Whatever it is, it lies below the fixed folders, and so does what it leads to.
may_look() {
    follow "$1" || return
    if is_inside; then return 0; fi
    next=${real%/*}
    if [ "$kind" = folder ]; then next=$real; fi
    refuse outside "$real" "${next:-/}"
}

# Its content may be read, whoever owns it.
may_read() {
    may_look "$1" || return
    if [ "$kind" != file ]; then refuse kind "$real" "$kind" || return; fi
    case $1 in
        */) refuse kind "$1" 'file and no folder' || return ;;
    esac
    if [ "$size" -gt "$limit" ]; then refuse long "$real" "$limit"; fi
}
