#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A home whose hosts share one address, a server on the Internet, and Sluice between. See README.md.
. "$(dirname "$(readlink -f "$0")")/../lib.sh"

server=198.51.100.1 outside=203.0.113.2

build_network() {
    local host
    for host in router client camera internet; do make_namespace $host; done
    connect client home
    connect camera camera
    connect internet internet

    at client ip address add 10.0.0.2/24 dev eth0
    at client ip route add default via 10.0.0.1
    at camera ip address add 10.0.9.2/24 dev eth0
    at camera ip route add default via 10.0.9.1
    # It has no route to 10.0.0.0/8: what came from there untranslated could not be answered.
    at internet ip address add 203.0.113.1/24 dev eth0
    at internet ip address add $server/32 dev lo
    serve internet "a page from the Internet"
    serve camera "what the camera sees"
}

# A web server on port 80 with one short page; the Internet's has a file of 48 MiB too.
serve() {  # HOST TEXT
    local pages=$run_directory/$1-pages
    mkdir "$pages"
    echo "$2" >"$pages/index.html"
    [ "$1" != internet ] || head -c 48M /dev/urandom >"$pages/large"
    spawn_at "$1" "$1.log" python3 -u -m http.server --directory "$pages" 80
}

listens() { at "$1" ss -Hltn 'sport = 80' | grep -q LISTEN; }
times_served() { grep -c "\"GET $2 " "$run_directory/$1.log"; }  # HOST PAGE

# ---- what captures tell: what passes a host's cable, one line a segment -------------------------------

segments() { grep ' Flags ' "$run_directory/$1.capture"; }
# From the flags on: sequence numbers, window, options and length, but neither address nor port.
tcp_of() { segments "$1" | sed 's/.* Flags /Flags /' | sort; }
first_source() { segments "$1" | awk '{ print $3; exit }'; }  # ADDRESS.PORT

show_capture() {  # HOST
    printf '%swhat passes %s%s\n' "$dim" "$1" "$plain"
    segments "$1" | head -n 4 | cut -c 1-110 | sed 's/^/    /'
}

sent_from() { [[ $(first_source "$1") == "$2".* ]]; }
port_changed() {
    local inside outside
    inside=$(first_source client) outside=$(first_source internet)
    [ -n "$inside" ] && [ -n "$outside" ] && [ "${inside##*.}" != "${outside##*.}" ]
}
same_segments() {
    [ "$(tcp_of client | wc -l)" -ge 8 ] && diff <(tcp_of client) <(tcp_of internet) >/dev/null
}

# ---- what is shown -----------------------------------------------------------------------------------

fetch() { run "$1" curl --silent --show-error --max-time "${3:-20}" "$2"; }  # HOST URL [SECONDS]

fetch_a_page() {
    title "a page from the Internet: one connection, seen at both of its ends"
    capture client client -S tcp
    capture internet internet -S tcp
    fetch client http://$server/
    end_captures
    show_capture client
    show_capture internet
    check "the page came" says 'a page from the Internet'
    check "the client spoke from its own address" sent_from client 10.0.0.2
    check "the server heard the router's" sent_from internet $outside
    check "and another port" port_changed
    check "it is one connection: every segment has the same sequence numbers and options at both ends" same_segments
}

reach_the_camera() {
    title "a port forward: the Internet looks through the camera"
    fetch internet http://$outside:8080/
    check "it is the camera that answers" says 'what the camera sees'
    fetch internet http://$outside:8081/ 1
    check "no other port leads inside" failed
    title "hairpinning: the client at home uses the outside address too"
    fetch client http://$outside:8080/
    check "it is the camera that answers" says 'what the camera sees'
}

failed() { ! succeeded; }

ask_the_router() {
    title "what the router says of all this"
    run sluice show nat
    check "both rules made sessions and refused none" answers \
        'all(r["sessions"] > 0 and r["refused"] == 0 for r in it["rules"])' show nat
    check "the outside address has TCP ports in use" answers \
        'any(a["address"] == "203.0.113.2" and a["tcp"]["used"] > 0 for a in it["addresses"])' show nat
    run sluice show sessions
    check "the client's connection is there, by both of its names" \
        says 'tcp +10\.0\.0\.2:[0-9]+ +203\.0\.113\.2:2[0-9]{4} +198\.51\.100\.1:80 '
    check "so is the Internet's to the camera" \
        says 'tcp +10\.0\.9\.2:80 +203\.0\.113\.2:8080 +203\.0\.113\.1:'
}

# The three endpoints of a session: inside, outside, remote.
names_of() { awk '{ print $2, $3, $4 }' <<<"$1"; }
established() { sluice --name "$name" show sessions --rule outward | grep ' established '; }

kill_dataplane() {
    printf '%s$ kill -9 %s%s\n' "$dim" "$dataplane" "$plain"
    kill -9 "$dataplane"
    { wait "$dataplane"; } 2>/dev/null  # without bash's own word on it
    start_dataplane
}

survive() {
    title "kill -9 of the dataplane, twice, while a file of 48 MiB comes"
    local transfer before after
    spawn_at client transfer.log curl --silent --show-error --limit-rate 12M --max-time 60 \
        --output "$run_directory/large" http://$server/large
    transfer=$spawned
    wait_until 20 test -s "$run_directory/large"
    before=$(established)
    sleep 0.5
    kill_dataplane
    sleep 1
    kill_dataplane
    wait "$transfer"
    code=$?
    after=$(sluice --name "$name" show sessions --rule outward | grep " $(names_of "$before" | cut -d' ' -f1) ")
    printf '    %s\n    %s\n' "$before" "$after"
    check "the transfer came to its end" succeeded
    check "with every byte right" cmp -s "$run_directory/large" "$run_directory/internet-pages/large"
    check "by one connection" [ "$(times_served internet /large)" -eq 1 ]
    check "and one session, with the same port outside" same_session "$before" "$after"
}

same_session() { [ -n "$1" ] && [ "$(names_of "$1")" = "$(names_of "$2")" ]; }

say_what_to_try() {
    title "What to try, in another terminal"
    cat <<END
    export SLUICE_NAME=$name PATH=${build:+$build/control/cli:}\$PATH
    sluice show nat; sluice show nat top           rules, ports, and who holds most
    sluice show sessions --address 10.0.0.2        who speaks to whom, and as whom
    sluice trace --count 2 host 10.0.0.2 & ip netns exec ${prefix}client ping -c 1 $server
                                                   a packet's way, stage by stage
    ip netns exec ${prefix}internet curl http://$outside:8080/
                                                   the camera
    sluice diff FILE; sluice apply FILE            a changed $lab_directory/sluice.json
    kill -9 $dataplane                                  sluice-dataplane: sessions are kept
    tail -f $run_directory/*.log
END
}

begin_lab "$@"
title "Building the network: a client and a camera at home, a server outside, and the router between them"
build_network
title "Starting sluice-dataplane and sluice-control"
start_router
wait_until 20 listens internet
wait_until 20 listens camera
fetch_a_page
reach_the_camera
ask_the_router
survive
[ $checking = yes ] || say_what_to_try
end_lab
