#!/bin/sh
# Fills a folder with all that firstseen needs where there is nothing else: the
# image of Containerfile is made of it.
#
#   packaging/root.sh FIRSTSEEN DIR     FIRSTSEEN is a built binary
#
# A static binary needs nothing beside it. Of another one the shared libraries
# come along.
set -eu

firstseen=${1:?a built firstseen}
root=${2:?a directory}
rm -rf "$root"
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/var/lib/firstseen"
install -s -m 755 "$firstseen" "$root/usr/bin/firstseen"

# Paths as the loader found them. There are none where the binary is static.
ldd "$firstseen" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    install -D -m 755 "$library" "$root$library"
done

# Where a node has a certificate that the public trusts; --upstream-ca does without.
authorities=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
[ ! -e "$authorities" ] || install -m 644 "$authorities" "$root/etc/ssl/certs/ca-certificates.crt"
