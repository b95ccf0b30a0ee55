#!/bin/sh
# Makes a Debian package of a firstseen that is built, and prints its path.
#
#   packaging/deb.sh [OPTION...]     needs cargo-deb, whose options these are, and
#                                   `make build` before it
#
# The manual pages and completions in it are the command's own.
set -eu

cd "$(dirname "$0")/.."
built=${CARGO_TARGET_DIR:-$PWD/target}/release
firstseen=$built/firstseen
made=$built/package
rm -rf "$made"
mkdir -p "$made/man" "$made/bash" "$made/zsh" "$made/fish"

"$firstseen" man >"$made/man/firstseen.1"
# What stands between "Commands:" and the next empty line of the help.
"$firstseen" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' | while read -r command; do
    [ "$command" = help ] || "$firstseen" man "$command" >"$made/man/firstseen-$command.1"
done
"$firstseen" completions bash >"$made/bash/firstseen"
"$firstseen" completions zsh >"$made/zsh/_firstseen"
"$firstseen" completions fish >"$made/fish/firstseen.fish"

cargo deb --package firstseen-cli --no-build --locked --strip --compress-system --quiet --output "$made/" "$@"
