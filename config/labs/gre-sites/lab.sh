#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An office and its branch, joined by a GRE tunnel through the Internet. See README.md.
. "$(dirname "$(readlink -f "$0")")/../lib.sh"

huge_pages_needed=$((2 * huge_pages_needed))  # two routers

build_network() {
    local host
    for host in router branch client server internet; do make_namespace $host; done
    connect client lan
    connect internet wan 1500 eth0
    router=branch connect server lan
    router=branch connect internet wan 1500 eth1

    at client ip address add 10.1.0.2/24 dev eth0
    at client ip route add default via 10.1.0.1
    at server ip address add 10.2.0.2/24 dev eth0
    at server ip route add default via 10.2.0.1
    # It has no route to 10.0.0.0/8: what goes between the sites goes in the tunnel, or not at all.
    at internet ip address add 203.0.113.1/24 dev eth0
    at internet ip address add 198.51.100.1/24 dev eth1
    at internet sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    spawn_at server iperf3.log iperf3 --server --forceflush
}

ping_across() {
    title "ping: from a host of the office to one of the branch"
    capture ping internet ip
    run client ping -c 5 -i 0.2 -W 2 10.2.0.2
    end_captures
    check "no echo is lost" says ' 0% packet loss'
    check "two routers were on the way: the Internet's are none" says 'ttl=62'
    printf '%swhat passes the Internet%s\n' "$dim" "$plain"
    grep -E 'ICMP' "$run_directory/ping.capture" | head -n 2 | cut -c 1-150 | sed 's/^/    /'
    check "the Internet saw the tunnel's two ends, and nobody else" only_the_tunnel_was_seen ping 203.0.113.2 198.51.100.2
}

trace_across() {
    title "traceroute and tracepath: the tunnel is one hop, and has an MTU"
    run client traceroute -n -N 1 -q 1 -w 2 10.2.0.2
    check "the second hop is the other end of the tunnel" says '^ *2 +172\.31\.0\.2 '
    check "the third is the destination" says '^ *3 +10\.2\.0\.2 '
    run client tracepath -n -m 4 10.2.0.2
    check "1468 bytes fit: 1500 less the outer header, and GRE's with checksum and key" says 'pmtu 1468'
}

transfer_across() {
    title "iperf3: three seconds of TCP between the sites"
    wait_until 20 grep -q listening "$run_directory/iperf3.log"
    run client iperf3 --client 10.2.0.2 --time 3 --format m
    check "it moved at least 20 Mbit/s" moved_at_least 20
}

narrow_the_way() {
    title "a link on the way gets narrow: 1300 bytes, which only a router of the Internet knows"
    at internet ip link set eth1 mtu 1300
    run client ping -c 3 -i 0.3 -W 1 -M 'do' -s 1372 10.2.0.2
    check "the host hears what fits: 1300 less 32" says 'mtu ?= ?1268'
    run sluice show tunnel branch
    check "for the tunnel has heard it" says 'MTU 1268 \(a router on the way takes 1300 bytes\)'
    at internet ip link set eth1 mtu 1500
}

ask_the_router() {
    title "what the office's router says of all this"
    run sluice show tunnel
    check "the tunnel is up" says 'branch .* up '
    run sluice show tunnel branch
    check "the branch answers its keepalives" says 'answered [0-9.]+ s ago'
    run sluice show route 10.2.0.2
    check "the way to the branch leads into the tunnel" says 'dev branch'
    run sluice explain --in lan --src 10.1.0.2 --dst 10.2.0.2
    check "a packet to there leaves by the interface to the Internet" says 'wan'
}

lose_the_branch() {
    title "the branch's router dies: kill -9 of its dataplane"
    local dead=${processes["dataplane branch"]}
    printf '%s$ kill -9 %s%s\n' "$dim" "$dead" "$plain"
    kill -9 "$dead"
    { wait "$dead"; } 2>/dev/null  # without bash's own word on it
    check "two keepalives later the tunnel is down" wait_until 20 tunnel_is branch down
    run sluice show tunnel
    check "and the router says why" says 'does not answer keepalives'
    run client ping -c 1 -W 2 10.2.0.2
    check "hosts of the office are told at once" says 'nreachable'
    router=branch start_dataplane
    check "the tunnel comes back with the branch" wait_until 20 tunnel_is branch up
    # The branch's side comes up by itself too, which takes a moment more.
    check "and hosts meet again" wait_until 20 at client ping -c 1 -W 1 10.2.0.2
}

say_what_to_try() {
    title "What to try, in another terminal"
    cat <<END
    export SLUICE_NAME=$name PATH=${build:+$build/control/cli:}\$PATH
    sluice show tunnel; sluice show interface      the office's router
    sluice --run-dir $run_directory/branch show tunnel
                                                   the branch's
    ip netns exec ${prefix}internet tcpdump -n -i eth0     what the Internet sees
    sluice diff FILE; sluice apply FILE            a changed $lab_directory/sluice.json
    kill -9 ${processes["dataplane branch"]}                                  the branch's dataplane: it is back in a moment
    tail -f $run_directory/*.log
END
}

begin_lab "$@"
title "Building the network: a host in the office, one in the branch, a router at each, and the Internet between"
build_network
title "Starting sluice-dataplane and sluice-control, of each router"
start_routers router branch
ping_across
trace_across
transfer_across
ask_the_router
narrow_the_way
lose_the_branch
[ $checking = yes ] || say_what_to_try
end_lab
