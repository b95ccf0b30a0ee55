#!/bin/sh
# Sends documents with rsyslog's omelasticsearch, which reads them from the file as
# messages.
#
#   tests/clients/rsyslog/run.sh DIR URL TARGET FILE WORKERS
set -eu

dir=$1 url=$2 target=$3 file=$4 workers=$5
lines=$(wc -l <"$file")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/rsyslog.conf" <<EOF
global(workDirectory="$work" maxMessageSize="1m")
module(load="impstats" interval="1" format="json" resetCounters="off" log.syslog="off" log.file="$work/stats")
module(load="imfile")
module(load="omelasticsearch")
main_queue(queue.type="LinkedList" queue.dequeueBatchSize="500"
    queue.workerThreads="$workers" queue.workerThreadMinimumMessages="500")
template(name="source" type="string" string="%msg%")
input(type="imfile" file="$file" tag="event")
if \$syslogtag == "event" then {
    action(type="omelasticsearch" server="$url" searchIndex="$target" searchType="" template="source"
        bulkmode="on" retryfailures="on" errorfile="$work/refused" action.resumeRetryCount="-1")
}
EOF
export LD_LIBRARY_PATH="$(cat "$dir/libraries")"
modules=$(dirname "$(find "$dir/unpacked" -name omelasticsearch.so)")
"$dir/unpacked/usr/sbin/rsyslogd" -n -i "$work/pid" -M "$modules" -f "$work/rsyslog.conf" 2>"$work/errors" &
process=$!

# What it was told of each document, as its statistics have it.
count() {
    grep '"omelasticsearch"' "$work/stats" 2>/dev/null | tail -n 1 | grep -o "\"response.$1\": [0-9]*" | grep -o '[0-9]*$' || echo 0
}
accepted() { count success; }
refused() { echo $(($(count bad) + $(count duplicate) + $(count badargument))); }

. "$(dirname "$0")/../told.sh"
