#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The command line against a real control process, without a dataplane: what it prints and how it
# ends. cli_test.sh SLUICE-CONTROL SLUICE
control=$1
cli=$2
dir=$(mktemp -d)
failed=0
pid=

end() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
    rm -f "$(readlink "$dir/run/intent")"
    rm -rf "$dir"
}
trap end EXIT

# expect EXIT TEXT COMMAND...: ends so, and says so (on either stream).
expect() {
    wanted=$1 text=$2
    shift 2
    said=$("$@" 2>&1)
    got=$?
    case "$said" in *"$text"*) found=1 ;; *) found=0 ;; esac
    if [ $got -ne "$wanted" ] || [ $found -eq 0 ]; then
        echo "FAILED: $*: exit $got (expected $wanted), expected \"$text\" in: $said"
        failed=1
    fi
}
s() { "$cli" --run-dir "$dir/run" "$@"; }

cat > "$dir/good.json" <<'JSON'
{ "interfaces": { "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] } },
  "routes": [ { "prefix": "0.0.0.0/0", "via": "10.0.0.2" } ] }
JSON
echo '{ "interfaces": { "lan": { "device": "net_null0", "mtu": 5 } }, "routs": [] }' > "$dir/bad.json"
printf '1.0.0.0/24 7\n1.0.1.0/24 8\n' | gzip > "$dir/routes.gz"

expect 3 "is sluice-control running" s show status
expect 0 "sound" s check "$dir/good.json"
expect 1 "2 problems" s check "$dir/bad.json"
expect 1 "bad.json:1" s check "$dir/bad.json"
expect 2 "" s no-such-command
expect 2 "" s check
expect 0 "PREFIX" s help route add
expect 0 "sluice 0" s version
expect 2 "there is no group" "$control" --check --socket-group no-such-group
expect 2 "octal" "$control" --check --socket-mode 0888
expect 2 "octal" "$control" --check --socket-mode 1777
expect 1 "routs" "$control" --check --config "$dir/bad.json"
expect 1 "routs" "$control" --config "$dir/bad.json" --run-dir "$dir/run" --state-dir "$dir/state"

group=$(id -gn)
[ "$(id -u)" -ne 0 ] || group=daemon
"$control" --config "$dir/good.json" --run-dir "$dir/run" --state-dir "$dir/state" \
    --socket-group "$group" --socket-mode 0600 2> "$dir/log" &
pid=$!
tries=0
until s show status > /dev/null 2>&1 || [ $tries -eq 100 ]; do sleep 0.1; tries=$((tries + 1)); done

expect 0 "$group 600" stat -c '%G %a' "$dir/run/control.sock"
expect 3 "already_runs" "$control" --config "$dir/good.json" --run-dir "$dir/run" --state-dir "$dir/s2"
expect 0 "is not running" s show status
expect 0 '"generation": 1' s show status --json
expect 0 "10.0.0.1/24" s show interface
expect 1 "there is no interface" s show interface dmz
expect 0 "in 0.0.0.0/0" s show route 8.8.8.8
expect 0 "" s route add 9.0.0.0/8 blackhole
expect 1 "blackhole" s show route 9.9.9.9
expect 1 "no IPv4 prefix" s route add fish blackhole
expect 1 "there is no such route" s route del 7.0.0.0/8
expect 0 "2 routes loaded" s route load "$dir/routes.gz" --via 10.0.0.3,10.0.0.4
expect 0 "via 10.0.0.4 dev lan" s show route 1.0.0.1
expect 0 "2 routes withdrawn" s route withdraw "$dir/routes.gz"
expect 0 "1 routes withdrawn" s route flush
expect 0 "" s neighbour add lan 10.0.0.2 02:00:00:00:00:02
expect 0 "leaves by lan to 02:00:00:00:00:02" s explain --in lan --dst 8.8.8.8
expect 0 "ttl_expired" s explain --in lan --dst 8.8.8.8 --ttl 1
expect 0 "no packet was dropped" s show drops
expect 0 "no_route" s show drops --all
expect 1 "no dataplane" s trace udp
expect 1 "filter" s trace nonsense nonsense
expect 1 "nothing was changed" sh -c "echo rubbish | '$cli' --run-dir '$dir/run' route load -"
sed 's/"addresses"/"mtu": 1400, "addresses"/' "$dir/good.json" > "$dir/other.json"
expect 0 "interfaces.lan.mtu: 1500 -> 1400" s diff "$dir/other.json"
expect 1 "what ran before goes on" s apply "$dir/bad.json"
expect 0 "published as generation" s apply "$dir/other.json"
expect 0 "1400" s show config
expect 0 "mtu" s rollback
expect 0 "goes back by itself" s apply "$dir/other.json" --confirm 60
expect 0 "confirmed" s confirm
expect 1 "nothing waits" s confirm
expect 0 "rollback" s history
cat > "$dir/nat.json" <<'JSON'
{ "interfaces": { "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] } },
  "nat": [ { "name": "web", "type": "forward", "in": "lan", "protocol": "tcp", "port": 80,
             "to": ["10.0.0.10:8080", "10.0.0.11"] } ],
  "sessions": { "udp_s": 120 } }
JSON
expect 0 "there are no NAT rules" s show nat
expect 0 "+ nat[web]" s diff "$dir/nat.json"
expect 0 "published as generation" s apply "$dir/nat.json"
expect 0 "tcp in lan to 10.0.0.1 port 80" s show nat
expect 0 "to 10.0.0.10:8080, 10.0.0.11" s show nat
expect 0 '"weight": 1' s show nat --json
expect 0 "SUBSCRIBER" s show nat top --by ports
expect 0 "no session" s show sessions --protocol udp --limit 0
expect 1 "there is no rule" s show sessions --rule wab
expect 0 "no dataplane is running, it clears them at its start" s nat clear --rule web
expect 2 "--all" s nat clear
expect 0 "nobody, by a deterministic rule" s show nat owner 203.0.113.9:2600
expect 0 "no deterministic rule gives 10.0.0.9 ports" s show nat owner 10.0.0.9
expect 2 "should be such as" s show nat owner 203.0.113.9:port
cat > "$dir/carrier.json" <<'JSON'
{ "interfaces": { "wan": { "device": "net_null0", "addresses": ["203.0.113.2/24"] } },
  "nat": [ { "name": "carrier", "type": "source", "from": "10.0.0.0/30", "to": "203.0.113.8/31",
             "ports": "2000-2999", "port_choice": "deterministic" } ],
  "sessions": { "udp_s": 60 } }
JSON
expect 0 "10.0.0.3 has 203.0.113.9 ports 2500-2999, by rule carrier" \
    s show nat owner 203.0.113.9:2600 --config "$dir/carrier.json"
expect 0 "10.0.0.3 has 203.0.113.9 ports 2500-2999" s show nat owner 10.0.0.3 --config "$dir/carrier.json"
expect 1 "cannot be read" s show nat owner 10.0.0.3 --config "$dir/none.json"
expect 0 "RFC 4787 REQ-5" s check "$dir/carrier.json"
expect 0 "RFC 4787 REQ-5" s diff "$dir/carrier.json"
expect 0 "show nat top" s completion man
expect 0 "clear" s completion bash
expect 0 "~ sessions.udp_s: 120 -> 300" s rollback
kill -9 $pid
wait $pid 2>/dev/null
"$control" --config "$dir/good.json" --run-dir "$dir/run" --state-dir "$dir/state" 2> "$dir/log" &
pid=$!
tries=0
until s show status > /dev/null 2>&1 || [ $tries -eq 100 ]; do sleep 0.1; tries=$((tries + 1)); done
expect 0 "1400" s show config
kill -TERM $pid
wait $pid
[ $? -eq 0 ] || { echo "FAILED: SIGTERM does not end it well"; failed=1; }
pid=
exit $failed
