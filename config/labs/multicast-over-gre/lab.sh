#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A source of multicast in the office, hosts at two other sites that join its group, and an Internet between that carries
# unicast alone. See README.md.
. "$(dirname "$(readlink -f "$0")")/../lib.sh"

huge_pages_needed=$((3 * huge_pages_needed))  # three routers
group=239.1.2.3

build_network() {
    local host
    for host in router north south client north-host south-host internet; do make_namespace $host; done
    connect client lan
    connect internet wan 1500 eth0
    router=north connect north-host lan
    router=north connect internet wan 1500 eth1
    router=south connect south-host lan
    router=south connect internet wan 1500 eth2

    at client ip address add 10.1.0.2/24 dev eth0
    at client ip route add default via 10.1.0.1
    at north-host ip address add 10.2.0.2/24 dev eth0
    at north-host ip route add default via 10.2.0.1
    at south-host ip address add 10.3.0.2/24 dev eth0
    at south-host ip route add default via 10.3.0.1
    at internet ip address add 203.0.113.1/24 dev eth0
    at internet ip address add 198.51.100.1/24 dev eth1
    at internet ip address add 192.0.2.1/24 dev eth2
    at internet sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
}

# In the background until it has heard 100 packets; which they were is in NAME.heard.
join_group() {  # HOST ADDRESS
    rm -f "$run_directory/$1.heard"
    spawn_at "$1" "$1.heard" python3 "$lab_directory/group.py" join "$2" $group 100
}
has_joined() { answers "any(m['interface'] == '$1' for g in it['groups'] for m in g['members'] if g['group'] == '$group')" show multicast; }
north_has_joined() { router=north has_joined lan; }
north_lives() { router=north answers "it['dataplane']['alive']" show status; }
has_not_joined() { ! has_joined "$1"; }
heard_by() { tail -n 1 "$run_directory/$1.heard"; }
has_heard() { grep -q '^heard' "$run_directory/$1.heard"; }
heard_all() { [ "$(heard_by "$1")" = "heard $2, twice 0" ]; }
send_to_group() { run client python3 "$lab_directory/group.py" send 10.1.0.2 $group "$1"; }

meet_unicast() {
    title "ping: the sites have reached each other by unicast already"
    check "from the office to the north" wait_until 20 at client ping -c 1 -W 1 10.2.0.2
    check "and to the south" wait_until 20 at client ping -c 1 -W 1 10.3.0.2
}

send_to_one() {
    title "a host in the north joins $group by its kernel's own IGMP; the office sends 100 packets to it"
    join_group north-host 10.2.0.2
    check "the north's router has heard it" wait_until 20 north_has_joined
    capture one internet ip
    send_to_group 100
    wait_until 20 has_heard north-host
    printf '%sthe host in the north%s\n    %s\n' "$dim" "$plain" "$(heard_by north-host)"
    check "it heard all 100, none twice" heard_all north-host 100
    end_captures
    grep -E "$group" "$run_directory/one.capture" | head -n 2 | cut -c 1-150 | sed 's/^/    /'
    check "the Internet saw unicast from router to router, and nothing else with the group in it" only_in_tunnels one
    run sluice show multicast
    check "the south has joined nothing: no copy went there" no_copy_to 192.0.2.2 one
}

# Of what names the group, all is between the ends of a tunnel.
only_in_tunnels() {
    local all tunnelled
    all=$(grep -c "$group" "$run_directory/$1.capture")
    tunnelled=$(grep "$group" "$run_directory/$1.capture" | grep -cE ' IP 203\.0\.113\.2 > (198\.51\.100\.2|192\.0\.2\.2): GREv0')
    [ "$tunnelled" -ge 100 ] && [ "$tunnelled" -eq "$all" ]
}

no_copy_to() { ! grep -q "> $1: GREv0.*$group" "$run_directory/$2.capture"; }

send_to_both() {
    title "a host in the south joins too: one copy for each tunnel, and one for each host's network"
    join_group north-host 10.2.0.2
    join_group south-host 10.3.0.2
    check "the office's router has been told by the south's" wait_until 20 has_joined south
    check "and by the north's" wait_until 20 has_joined north
    run sluice show multicast
    check "copies go into both tunnels" says "$group +north south"
    send_to_group 100
    wait_until 20 has_heard north-host
    wait_until 20 has_heard south-host
    printf '%snorth and south%s\n    %s\n    %s\n' "$dim" "$plain" "$(heard_by north-host)" "$(heard_by south-host)"
    check "the host in the north heard all 100, none twice" heard_all north-host 100
    check "the host in the south heard all 100, none twice" heard_all south-host 100
    run sluice explain --in lan --src 10.1.0.2 --dst $group
    check "explain shows where a packet to the group would go" says 'multicast_forward'
}

leave_again() {
    title "both leave"
    check "the office is told that the south wants no more" wait_until 20 has_not_joined south
    run sluice show multicast
}

survive() {
    title "kill -9 of the north's dataplane while a host there is a member"
    join_group north-host 10.2.0.2
    check "the host has joined" wait_until 20 north_has_joined
    local dead=${processes["dataplane north"]}
    printf '%s$ kill -9 %s%s\n' "$dim" "$dead" "$plain"
    kill -9 "$dead"
    { wait "$dead"; } 2>/dev/null  # without bash's own word on it
    router=north start_dataplane
    check "the router is back" wait_until 20 north_lives
    check "and knows the member still" north_has_joined
    check "the sites reach each other" wait_until 20 at client ping -c 1 -W 1 10.2.0.2
    send_to_group 100
    wait_until 20 has_heard north-host
    printf '%sthe host in the north%s\n    %s\n' "$dim" "$plain" "$(heard_by north-host)"
    check "it heard all 100" heard_all north-host 100
}

say_what_to_try() {
    title "What to try, in another terminal"
    cat <<END
    export SLUICE_NAME=$name PATH=${build:+$build/control/cli:}\$PATH
    sluice show multicast                          the office's router
    sluice --run-dir $run_directory/north show multicast
    ip netns exec ${prefix}north-host python3 $lab_directory/group.py join 10.2.0.2 $group 1000
    ip netns exec ${prefix}client python3 $lab_directory/group.py send 10.1.0.2 $group 1000
    ip netns exec ${prefix}internet tcpdump -n -i any      what the Internet sees
    tail -f $run_directory/*.log
END
}

begin_lab "$@"
title "Building the network: a source in the office, a host in the north and one in the south, and the Internet between"
build_network
title "Starting sluice-dataplane and sluice-control, of each router"
start_routers router north south
meet_unicast
send_to_one
send_to_both
leave_again
survive
[ $checking = yes ] || say_what_to_try
end_lab
