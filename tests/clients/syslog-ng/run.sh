#!/bin/sh
# Sends documents with syslog-ng's elasticsearch-http(), which reads them from the file
# as messages.
#
#   tests/clients/syslog-ng/run.sh DIR URL TARGET FILE WORKERS
set -eu

dir=$1 url=$2 target=$3 file=$4 workers=$5
lines=$(wc -l <"$file")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

version=$(basename "$dir"/unpacked/usr/lib/syslog-ng/[0-9]*)
cat >"$work/syslog-ng.conf" <<EOF
@version: $version
@include "$dir/unpacked/usr/share/syslog-ng/include/scl/elasticsearch/elastic-http.conf"
options { log-msg-size(1048576); };
source events { file("$file" flags(no-parse) read-old-records(yes)
    log-iw-size(5000) log-fetch-limit(500)); };
destination cluster {
    elasticsearch-http(url("$url/_bulk") index("$target") type("") template("\${MESSAGE}")
        workers($workers) batch_lines(500) batch-timeout(200));
};
log { source(events); destination(cluster); flags(flow-control); };
EOF
export LD_LIBRARY_PATH="$(cat "$dir/libraries")"
"$dir/unpacked/usr/sbin/syslog-ng" --foreground --no-caps --module-path "$dir/unpacked/usr/lib/syslog-ng/$version" \
    --cfgfile "$work/syslog-ng.conf" --persist-file "$work/persist" --pidfile "$work/pid" --control "$work/control" \
    2>"$work/errors" &
process=$!

# How many documents were in requests that succeeded, or that it gave up: it looks at
# no answer.
count() {
    "$dir/unpacked/usr/sbin/syslog-ng-ctl" stats --control "$work/control" 2>/dev/null |
        awk -F ';' -v name="$1" '$1 == "dst.http" && $5 == name { sum += $6 } END { print sum + 0 }'
}
accepted() { count written; }
refused() { count dropped; }

. "$(dirname "$0")/../told.sh"
