#!/bin/sh
# Unpacks Debian packages into a folder. Nothing is installed on the machine.
#
#   tests/clients/debian.sh DIR BUILD PACKAGE...     in DIR/unpacked, with what they need
#                                                    that the machine has not; nothing is
#                                                    done if what is there is of the
#                                                    script BUILD and these packages
set -eu

out=${1:?a directory}
build=${2:?a script}
shift 2
for tool in apt-get dpkg; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
done

stamp=$(cat "$0" "$build" | cksum; echo "$@")
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$out"
mkdir -p "$out/packages"
out=$(cd "$out" && pwd)
needed=$(apt-get install --simulate --no-install-recommends "$@" | sed -n 's/^Inst \([^ ]*\).*/\1/p')
(
    cd "$out/packages"
    # It says that it cannot drop privileges for a folder of root's.
    printf '%s\n' "$@" $needed | sort -u | xargs apt-get download --quiet 2>errors || { cat errors >&2; exit 1; }
)
for package in "$out"/packages/*.deb; do
    dpkg-deb --extract "$package" "$out/unpacked"
done
rm -rf "$out/packages"
# Where the libraries are.
find "$out/unpacked" -name '*.so*' -printf '%h\n' | sort -u | paste -s -d : >"$out/libraries"
# Last: only what was built to its end is used.
echo "$stamp" >"$out/stamp"
