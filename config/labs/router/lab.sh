#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A client network, a server network and a provider, and Sluice between them. See README.md.
. "$(dirname "$(readlink -f "$0")")/../lib.sh"

build_network() {
    local host
    for host in router client server upstream; do make_namespace $host; done
    connect client clients
    connect server servers
    connect upstream upstream 1400

    at client ip address add 10.0.1.2/24 dev eth0
    at client ip route add default via 10.0.1.1
    at server ip address add 10.0.2.2/24 dev eth0
    at server ip route add default via 10.0.2.1
    at upstream ip address add 203.0.113.1/24 dev eth0
    at upstream ip address add 198.51.100.1/32 dev lo
    at upstream ip route add 10.0.0.0/8 via 203.0.113.2
    spawn_at server iperf3.log iperf3 --server --forceflush
}

mbits_received() { awk '/receiver/ { for (i = 1; i <= NF; ++i) if ($i == "Mbits/sec") print int($(i - 1)) }' <<<"$output"; }
moved_at_least() { [ "$(mbits_received)" -ge "$1" ] 2>/dev/null; }
learned_mtu() { at client ip route get 198.51.100.1 | grep -q 'mtu 1400'; }

ping_through() {
    title "ping: from the client to the server, through the router"
    run client ping -c 5 -i 0.2 -W 2 10.0.2.2
    check "no echo is lost, the first included, which waits for ARP" says ' 0% packet loss'
    check "its time to live is one lower" says 'ttl=63'
    run client ping -c 2 -i 0.2 -W 2 10.0.1.1
    check "the router itself answers too" says ' 0% packet loss'
}

trace_through() {
    title "traceroute: the router is a hop"
    run client traceroute -n -N 1 -q 1 -w 2 198.51.100.1
    check "the first hop is the router" says '^ *1 +10\.0\.1\.1 '
    check "the second is the destination" says '^ *2 +198\.51\.100\.1 '
}

transfer_through() {
    title "iperf3: three seconds of TCP from the client to the server"
    wait_until 20 grep -q listening "$run_directory/iperf3.log"
    run client iperf3 --client 10.0.2.2 --time 3 --format m
    check "it moved at least 20 Mbit/s" moved_at_least 20
}

discover_mtu() {
    title "path MTU: the link to the provider takes 1400 bytes, and the router says so"
    run client ping -c 1 -W 2 -M 'do' -s 1472 198.51.100.1
    check "1500 bytes that must not be fragmented are too many for it" says '10\.0\.1\.1.*mtu ?= ?1400'
    run client tracepath -n -m 4 198.51.100.1
    check "tracepath finds 1400" says 'pmtu 1400'
    check "and the client remembers it" learned_mtu
}

refuse() {
    title "a prohibited destination: the router says no"
    run client ping -c 1 -W 2 10.66.0.1
    check "the client hears why" says 'Packet filtered|administratively'
}

ask_the_router() {
    title "what the router says of all this"
    run sluice show status
    check "the status is shown" succeeded
    run sluice show interface
    check "three interfaces are up" answers \
        '[i["condition"] for i in it["interfaces"]] == ["up"] * 3' show interface
    run sluice show neighbour
    check "the client and the server are known by their MAC" answers \
        '{n["address"] for n in it["neighbours"] if n["mac"]} >= {"10.0.1.2", "10.0.2.2"}' show neighbour
    run sluice show route
    run sluice show route 198.51.100.1
    check "the way to 198.51.100.1 leads by 203.0.113.1" says '203\.0\.113\.1'
    run sluice show drops
    check "each packet that traceroute let die is there, by its reason" answers \
        'any(d["name"] == "ttl_expired" and d["packets"] > 0 for d in it["drops"])' show drops
    check "so is the one that was too big" answers \
        'any(d["name"] == "too_big" and d["packets"] > 0 for d in it["drops"])' show drops
    run sluice show cycles
    check "the worker counted the cycles of its packets" answers \
        'it["workers"][0]["packets"] > 1000 and it["workers"][0]["cycles_per_packet"] > 0' show cycles
    run sluice explain --in clients --src 10.0.1.2 --dst 10.0.2.2
    check "a packet to the server would leave by that interface" says 'servers'
}

say_what_to_try() {
    title "What to try, in another terminal"
    cat <<END
    export SLUICE_NAME=$name PATH=${build:+$build/control/cli:}\$PATH
    sluice show interface                          what was asked, what was got
    sluice trace --count 1 host 10.0.2.2 & ip netns exec ${prefix}client ping -c 1 10.0.2.2
                                                   a packet's way, stage by stage
    ip netns exec ${prefix}client iperf3 -c 10.0.2.2   more traffic
    sluice route add 192.0.2.0/24 via 10.0.2.2     a route, at once
    sluice diff FILE; sluice apply FILE            a changed $lab_directory/sluice.json
    kill -9 $control                                  sluice-control: no packet is lost
    kill -9 $dataplane                                  sluice-dataplane: it is back in a moment
    tail -f $run_directory/*.log
END
}

begin_lab "$@"
title "Building the network: client 10.0.1.2, server 10.0.2.2, provider 203.0.113.1, and the router between them"
build_network
title "Starting sluice-dataplane and sluice-control"
start_router
ping_through
trace_through
transfer_through
discover_mtu
refuse
ask_the_router
[ $checking = yes ] || say_what_to_try
end_lab
