# Waits until a shipper was told of all documents, or ends, and says so. For run.sh of a
# shipper, which has `process`, `lines`, `work`, and functions `accepted` and `refused`
# that count.
for _ in $(seq 600); do
    told=$(accepted) not_taken=$(refused)
    [ $((told + not_taken)) -lt "$lines" ] || break
    kill -0 "$process" || break
    sleep 0.1
done
kill "$process" && wait "$process" || true
cat "$work/errors" >&2
echo "{\"accepted\":$told,\"refused\":$not_taken}"
