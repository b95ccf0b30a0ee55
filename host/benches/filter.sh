#!/bin/sh
# Measures `firstseen filter` on one core, whole process, beside `jq -c` with
# the same condition on the same bytes; medians of several runs each, in turn.
#
#   EVENTS=200000 RUNS=5 sh host/benches/filter.sh
set -eu

events=${EVENTS:-400000}
jq_events=${JQ_EVENTS:-40000}
runs=${RUNS:-5}
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
firstseen=$target/release/firstseen
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM

cargo build --quiet --release --package firstseen-tests --bins
"$target/release/endpoint-events" --events "$events" --install-every 60 --parents 200 >"$folder/events.ndjson"
head -n "$jq_events" "$folder/events.ndjson" >"$folder/jq.ndjson"

one_core=
if command -v taskset >/dev/null; then one_core="taskset -c 0"; fi

# Prints the wall time in milliseconds of a command that reads FILE.
timed() {
    file=$1
    shift
    start=$(date +%s%N)
    $one_core "$@" <"$file" >/dev/null 2>&1
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}

condition='select(.host.os.type=="linux" and (.event.category|index("process")) and (.event.type|index("start"))
    and (.event.action|.=="exec" or (type=="array" and index("exec"))) and .process.name=="dpkg"
    and (.process.args|index("-i") or index("--install")))'

run=0
while [ "$run" -lt "$runs" ]; do
    timed "$folder/events.ndjson" "$firstseen" filter --clock event --summary none >>"$folder/filter.ms"
    timed /dev/null "$firstseen" filter --clock event --summary none >>"$folder/start.ms"
    if command -v jq >/dev/null; then timed "$folder/jq.ndjson" jq -c "$condition" >>"$folder/jq.ms"; fi
    run=$((run + 1))
done

median() { sort -n "$1" | sed -n "$(((runs + 1) / 2))p"; }

report() {
    awk -v name="$1" -v ms="$2" -v events="$3" -v bytes="$4" -v start="$5" 'BEGIN {
        printf "%-34s %9.0f events/s  %6.3f GB/s", name, events / ms * 1000, bytes / ms / 1e6
        if (start) printf "   (start-up %d ms of %d ms)", start, ms
        printf "\n"
    }'
}

bytes=$(wc -c <"$folder/events.ndjson")
filter_ms=$(median "$folder/filter.ms")
start_ms=$(median "$folder/start.ms")
echo "$events events, $bytes bytes; one core; medians of $runs runs"
report "firstseen filter" "$filter_ms" "$events" "$bytes" "$start_ms"
report "firstseen filter, without start-up" "$((filter_ms - start_ms))" "$events" "$bytes" ""
if [ -f "$folder/jq.ms" ]; then
    jq_bytes=$(wc -c <"$folder/jq.ndjson")
    jq_ms=$(median "$folder/jq.ms")
    report "jq -c, the same condition" "$jq_ms" "$jq_events" "$jq_bytes" ""
    awk -v a="$filter_ms" -v ae="$events" -v b="$jq_ms" -v be="$jq_events" \
        'BEGIN { printf "ratio, start-up included: %.1f\n", (ae / a) / (be / b) }'
fi
