#!/bin/sh
# Prints the folder of a JDK that runs the servers: JAVA_HOME if that is new
# enough, else the newest one on the machine.
set -eu

oldest=21

# Prints the major version of the JDK in a folder; nothing if there is none.
version() {
    [ -x "$1/bin/javac" ] && sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

newest=$oldest
found=
for folder in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/*; do
    number=$(version "$folder" || true)
    if [ "${number:-0}" -ge "$newest" ] && [ "$folder" != "$found" ]; then
        newest=$((number + 1))
        found=$folder
        [ "$folder" != "${JAVA_HOME:-}" ] || break
    fi
done

if [ -z "$found" ]; then
    echo "there is no JDK $oldest or newer: not in JAVA_HOME, /usr/lib/jvm or /opt" >&2
    exit 1
fi
echo "$found"
