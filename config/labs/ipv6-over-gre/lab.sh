#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two sites of IPv6, joined across a network that has IPv4 alone. See README.md.
. "$(dirname "$(readlink -f "$0")")/../lib.sh"

huge_pages_needed=$((2 * huge_pages_needed))  # two routers

build_network() {
    local host
    for host in router branch client server internet; do make_namespace $host; done
    connect client lan
    connect internet wan 1500 eth0
    router=branch connect server lan
    router=branch connect internet wan 1500 eth1

    # The hosts get all they need from the routers' advertisements.
    for host in client server; do
        at $host sh -c 'cd /proc/sys/net/ipv6/conf && echo 1 >eth0/router_solicitation_interval &&
            for each in all default eth0; do echo 0 >$each/disable_ipv6; done'
    done
    at internet ip address add 203.0.113.1/24 dev eth0
    at internet ip address add 198.51.100.1/24 dev eth1
    at internet sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    spawn_at server iperf3.log iperf3 --server --forceflush
}

address_of() { at "$1" ip -6 -o address show dev eth0 scope global -tentative | grep -o '2001:[0-9a-f:]*'; }
has_address() { [ -n "$(address_of "$1")" ]; }

addresses_by_themselves() {
    title "nobody has given the hosts an address"
    check "the client has made itself one, by what its router advertises" wait_until 20 has_address client
    check "and so has the server" wait_until 20 has_address server
    run client ip -6 address show dev eth0 scope global
    run client ip -6 route show default
    check "its default route leads to the router's link-local address" says 'default via fe80::.* proto ra'
    server_address=$(address_of server)
}

ping_across() {
    title "ping: from a host of the office to one of the branch"
    check "the first echo gets through" wait_until 20 at client ping -6 -c 1 -W 1 "$server_address"
    capture ping internet
    run client ping -6 -n -c 5 -i 0.2 -W 2 "$server_address"
    end_captures
    check "no echo is lost" says ' 0% packet loss'
    check "two routers were on the way" says 'ttl=62'
    printf '%swhat passes the network between%s\n' "$dim" "$plain"
    grep -E 'ICMP6' "$run_directory/ping.capture" | head -n 2 | cut -c 1-150 | sed 's/^/    /'
    check "it saw IPv4 between the tunnel's two ends, and nothing else" only_the_tunnel_was_seen ping 203.0.113.2 198.51.100.2
}

trace_across() {
    title "traceroute and tracepath: the tunnel is one hop, and has an MTU"
    run client traceroute -6 -n -N 1 -q 1 -w 2 "$server_address"
    check "the first hop is the router" says '^ *1 +2001:db8:1::1 '
    check "the second is the other end of the tunnel" says '^ *2 +2001:db8:ff:: '
    run client tracepath -6 -n -m 4 "$server_address"
    check "1476 bytes fit: 1500 less the outer header, and GRE's" says 'pmtu 1476'
}

transfer_across() {
    title "iperf3: three seconds of TCP between the sites"
    wait_until 20 grep -q listening "$run_directory/iperf3.log"
    run client iperf3 -6 --client "$server_address" --time 3 --format m
    check "it moved at least 20 Mbit/s" moved_at_least 20
}

ask_the_router() {
    title "what the office's router says of all this"
    run sluice show interface
    check "its interfaces have addresses of IPv6" says 'lan .*2001:db8:1::1/64'
    run sluice show neighbour
    check "the client is a neighbour, and reachable" says 'lan +2001:db8:1:[0-9a-f:]+ .*reachable'
    run sluice show route "$server_address"
    check "the way to the server leads into the tunnel" says 'dev branch'
}

narrow_the_way() {
    title "a link between gets narrow: 1400 bytes, which only a router of IPv4 knows"
    at internet ip link set eth1 mtu 1400
    run client ping -6 -n -c 3 -i 0.3 -W 1 -M 'do' -s 1400 "$server_address"
    check "the host hears what fits: 1400 less 24" says 'mtu[ =:]+1376'
    at internet ip link set eth1 mtu 1500
}

lose_the_router() {
    title "kill -9 of the office's dataplane"
    local dead=${processes["dataplane router"]}
    printf '%s$ kill -9 %s%s\n' "$dim" "$dead" "$plain"
    kill -9 "$dead"
    { wait "$dead"; } 2>/dev/null  # without bash's own word on it
    start_dataplane
    check "hosts meet again" wait_until 20 at client ping -6 -c 1 -W 1 "$server_address"
    check "and the tunnel is up" wait_until 20 tunnel_is branch up
}

say_what_to_try() {
    title "What to try, in another terminal"
    cat <<END
    export SLUICE_NAME=$name PATH=${build:+$build/control/cli:}\$PATH
    sluice show neighbour; sluice show route       the office's router
    sluice trace --in lan 'icmp6'                  what becomes of pings, step by step
    ip netns exec ${prefix}client ping -6 $server_address
    ip netns exec ${prefix}internet tcpdump -n -i eth0     what the network between sees
    sluice diff FILE; sluice apply FILE            a changed $lab_directory/sluice.json
    tail -f $run_directory/*.log
END
}

begin_lab "$@"
title "Building the network: a host in the office, one in the branch, a router at each, and IPv4 between"
build_network
title "Starting sluice-dataplane and sluice-control, of each router"
start_routers router branch
addresses_by_themselves
ping_across
trace_across
transfer_across
ask_the_router
narrow_the_way
lose_the_router
[ $checking = yes ] || say_what_to_try
end_lab
