#!/bin/sh
# Installs a client's Python packages from PyPI into a folder.
#
#   tests/clients/pypi.sh DIR CLIENT     in DIR, to a folder of its own for each file
#                                        requirements[-VERSION].txt of the folder CLIENT;
#                                        nothing is done if what is there is of these files
set -eu

out=${1:?a directory}
client=${2:?a folder of a client}
python3 -m pip --version >/dev/null || { echo "Python's pip is not installed" >&2; exit 1; }

stamp=$(cat "$0" "$client"/requirements*.txt | cksum; python3 --version)
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$out"
mkdir -p "$out"
for requirements in "$client"/requirements*.txt; do
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
        --no-deps --no-compile --only-binary :all: --target "$out/$(basename "$requirements" .txt)" \
        --requirement "$requirements"
done
# Last: only what was built to its end is used.
echo "$stamp" >"$out/stamp"
