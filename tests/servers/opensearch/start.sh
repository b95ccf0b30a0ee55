#!/bin/sh
# Runs a node that build.sh has put together, until SIGTERM.
#
#   tests/servers/opensearch/start.sh DIR HOME PORT [SETTING=VALUE...]
#
# DIR is where it was built, HOME keeps its data and logs, PORT 0 is any free
# one. Once it answers, it says so: READY http://127.0.0.1:PORT
set -eu

built=${1:?a directory}
shift
# Classes are kept for the next start, which then takes half the time.
exec "$(cat "$built/jdk")/bin/java" -Xms256m -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -XX:+AutoCreateSharedArchive -XX:SharedArchiveFile="$built/classes.jsa" \
    -cp "$built/lib/*" TestNode "$built/config" "$@"
