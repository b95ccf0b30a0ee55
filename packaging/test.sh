#!/bin/sh
# Tests what is packaged, with a firstseen that is built: the unit, the Debian
# package and the root of the image.
#
#   packaging/test.sh
#
# Nothing is installed, and no service of this machine is started. What lacks a tool
# is skipped, or fails with CI=true. BLESS=1 writes deb-contents.txt anew.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
built=${CARGO_TARGET_DIR:-$here/../target}/release
recorded=$here/../tests/data/dpkg-i-recorded.ndjson
work=$(mktemp -d)
started=
# Only what was started here is ended.
end() {
    for process in $started; do
        kill "$process" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap end EXIT

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

# Whether a tool is there.
has() {
    command -v "$1" >/dev/null && return
    [ "${CI-}" != true ] || fail "$1 is not installed"
    echo "SKIPPED: $1 is not installed"
    return 1
}

# Waits until a file has a text.
wait_for() {
    for _ in $(seq 600); do
        ! grep -q "$2" "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    cat "$1" >&2
    fail "it does not say \"$2\""
}

# The addresses of a proxy whose log this is: for clients, and for the operator.
listens_at() { sed -n 's/.* ready listen=\([^ ]*\) .*/\1/p' "$1"; }
admin_at() { sed -n 's/.* ready .* admin="\([^"]*\)".*/\1/p' "$1"; }

package() {
    has cargo-deb && has dpkg-deb || return 0
    deb=$(sh "$here/deb.sh" --fast)
    dpkg-deb --fsys-tarfile "$deb" | tar -tv | awk '$1 !~ /^d/ { print $1, $NF }' |
        grep -v ' ./usr/share/doc/firstseen/docs/' | LC_ALL=C sort -k 2 >"$work/contents"
    [ "${BLESS-}" != 1 ] || cp "$work/contents" "$here/deb-contents.txt"
    diff -u "$here/deb-contents.txt" "$work/contents" || fail "the package holds something else; BLESS=1 if it should"
    [ "$(dpkg-deb --info "$deb" conffiles)" = /etc/default/firstseen ] ||
        fail "/etc/default/firstseen is a conffile, and nothing else is"
    dpkg-deb --extract "$deb" "$work/deb"
    alerts=$(FIRSTSEEN_CACHE_DIR='' "$work/deb/usr/bin/firstseen" filter --only-alerts "$recorded" 2>"$work/said" | wc -l)
    [ "$alerts" = 1 ] || fail "the packaged command raises $alerts alerts on a recorded install"
    grep -q '^\.SH OPTIONS' "$work/deb/usr/share/man/man1/firstseen-serve.1" || fail "no manual page of serve"
    echo "ok: the package"
}

unit() {
    has systemd-analyze || return 0
    mkdir "$work/unit"
    sed "s#=/usr/bin/firstseen#=$built/firstseen#" "$here/firstseen.service" >"$work/unit/firstseen.service"
    (cd "$work/unit" && systemd-analyze verify --man=no ./firstseen.service) || fail "the unit is not well"
    # 10 is as much as nothing; what is left is the network and memory that is made executable.
    systemd-analyze security --offline=true --threshold=13 "$work/unit/firstseen.service" >"$work/said" ||
        { grep '✗' "$work/said"; fail "the unit lets the service do more than it has to"; }
    echo "ok: the unit"
}

# What the unit's filter allows, a system call a line.
allowed() {
    sed -n 's/^SystemCallFilter=//p' "$here/firstseen.service" | tr ' ' '\n' | while read -r set; do
        case $set in
        '~'*) sign=- set=${set#?} ;;
        *) sign=${sign:-+} ;;
        esac
        members "$set" | sed "s/^/$sign /"
    done | awk '$1 == "+" { all[$2] } $1 == "-" { delete all[$2] } END { for (call in all) print call }'
}

# The system calls of a set, and of the sets in it.
members() {
    case $1 in
    @*)
        systemd-analyze syscall-filter "$1" | sed -n '2,$s/^ *\([@a-z0-9_-]\{1,\}\) *$/\1/p' | while read -r member; do
            members "$member"
        done
        ;;
    *) echo "$1" ;;
    esac
}

# A root with nothing in it but what an image has, and the links that DynamicUser makes.
empty_root() {
    sh "$here/root.sh" "$built/firstseen" "$work/root"
    rmdir "$work/root/var/lib/firstseen"
    for place in lib cache; do
        mkdir -p "$work/root/var/$place/private/firstseen"
        ln -s private/firstseen "$work/root/var/$place/firstseen"
        [ "$(id -u)" != 0 ] || chown 65532:65532 "$work/root/var/$place/private/firstseen"
    done
    case $(id -u) in
    0) enter="chroot --userspec=65532:65532 $work/root" ;;
    *) enter="unshare --map-root-user chroot $work/root" ;;
    esac

    # shellcheck disable=SC2086 # words
    alerts=$(FIRSTSEEN_CACHE_DIR='' $enter /usr/bin/firstseen filter --only-alerts <"$recorded" 2>"$work/said" | wc -l)
    [ "$alerts" = 1 ] || { cat "$work/said"; fail "in an empty root it raises $alerts alerts on a recorded install"; }

    python3 -u -m http.server --bind 127.0.0.1 --directory "$work/unit" 0 >"$work/cluster" 2>&1 &
    started="$started $!"
    wait_for "$work/cluster" ' port [0-9]'
    port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$work/cluster")
    echo "127.0.0.1 cluster.example" >"$work/root/etc/hosts"

    trace=
    ! has strace || trace="strace -f -qq -o $work/calls"
    # shellcheck disable=SC2086
    FIRSTSEEN_CACHE_DIR=/var/cache/firstseen/native $trace $enter /usr/bin/firstseen serve --listen 127.0.0.1:0 --admin 127.0.0.1:0 \
        --state /var/lib/firstseen/state --upstream "http://cluster.example:$port" --learn 0s 2>"$work/serve" &
    started="$started $!"
    wait_for "$work/serve" ' ready '
    curl -fsS "http://$(listens_at "$work/serve")/" >"$work/said" || fail "the cluster is not found by its name"
    curl -fsS "http://$(admin_at "$work/serve")/healthz" >"$work/said"
    # The proxy itself, not what traces it.
    pid=$(pgrep -f "^/usr/bin/firstseen serve .*cluster.example:$port")
    awk '{ print "{\"create\":{}}"; print }' "$recorded" >"$work/bulk"
    curl -sS -o "$work/said" --data-binary "@$work/bulk" "http://$(listens_at "$work/serve")/logs-endpoint.events.a/_bulk"
    kill -HUP "$pid"
    wait_for "$work/serve" 'were read again'
    kill "$pid"
    wait_for "$work/serve" ' ended'
    [ -n "$(ls "$work/root/var/lib/private/firstseen/state")" ] || fail "there is no state"
    [ -n "$(ls "$work/root/var/cache/private/firstseen/native")" ] || fail "native code is not kept"
    echo "ok: an empty root"

    if [ -n "$trace" ] && has systemd-analyze; then
        sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$work/calls" | sort -u >"$work/used"
        # What changes the root and the user is not the service's own.
        allowed | sort -u >"$work/allowed"
        grep -vxE 'chroot|execve|exit|setgid|setgroups|setuid' "$work/used" | comm -23 - "$work/allowed" >"$work/refused"
        [ -s "$work/allowed" ] && [ ! -s "$work/refused" ] || fail "the unit allows no $(tr '\n' ' ' <"$work/refused")"
        echo "ok: system calls, $(wc -l <"$work/used")"
    fi

    # Without certificates there is no TLS to the cluster, and it says so.
    rm -f "$work/root/etc/ssl/certs/ca-certificates.crt"
    # shellcheck disable=SC2086
    ! $enter /usr/bin/firstseen serve --listen 127.0.0.1:0 --admin none --upstream https://cluster.example 2>"$work/said" ||
        fail "it trusts nobody, and starts"
    grep -q "certificates cannot be used" "$work/said" || { cat "$work/said"; fail "that certificates are missing is not said"; }
    echo "ok: certificates"
}

unit
package
empty_root
