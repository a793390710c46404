# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What every lab shares: namespaces, cables, the two processes, and a certain end.
#
# All that a lab makes is written down in its run directory before it is made, and all of it is
# the lab's own: namespaces and processes of recorded name and number, nothing of the host's
# network. clean_up() takes a run directory and removes what is written there. It runs at the
# lab's end, after Ctrl-C and kill; where the lab itself was killed, by its watchdog; where both
# were, by the next lab that starts.
#
# A lab is a script that sources this, calls begin_lab "$@", builds its network, shows things
# with run, judges them with check, and ends with end_lab.
set -uo pipefail

lab_script=$(readlink -f "$0")
lab_directory=$(dirname "$lab_script")
labs_run=/run/sluice
checking=no build='' checks_passed=0 checks_failed=0 output=''

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' plain=''
fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
die() {
    printf '%serror: %s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

# ---- what is written down, and its removal -------------------------------------------------------

# A process is its number and its time of start: numbers alone are used again.
identity_of() { echo "$1 $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20)"; }
is_alive() {  # NUMBER START
    [ -n "${2:-}" ] && [ "$(identity_of "$1")" = "$1 $2" ] &&
        ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

end_processes() {  # FILE of identities
    local pid start tries
    while read -r pid start; do
        is_alive "$pid" "$start" && kill "$pid" 2>/dev/null
    done <"$1"
    while read -r pid start; do
        for ((tries = 0; tries < 30; ++tries)); do
            is_alive "$pid" "$start" || break
            sleep 0.1
        done
        is_alive "$pid" "$start" && kill -9 "$pid" 2>/dev/null
    done <"$1"
}

clean_up() {  # RUN_DIRECTORY
    local directory=$1 namespace memory taken
    [ -f "$directory/lab.owner" ] || return 0
    [ -f "$directory/lab.processes" ] && end_processes "$directory/lab.processes"
    if [ -f "$directory/lab.namespaces" ]; then
        while read -r namespace; do
            [ -e "/run/netns/$namespace" ] && ip netns del "$namespace"
        done <"$directory/lab.namespaces"
    fi
    for memory in "$directory"/{,*/}*; do  # links, where they lie elsewhere
        memory=$(readlink "$memory") || continue
        case $memory in */sluice-*) rm -f "$memory" ;; esac
    done
    if taken=$(cat "$directory/lab.hugepages" 2>/dev/null); then
        local now
        now=$(cat /proc/sys/vm/nr_hugepages)
        echo $((now > taken ? now - taken : 0)) >/proc/sys/vm/nr_hugepages
    fi
    rm -rf "$directory"
}

clean_up_leftovers() {
    local directory owner
    for directory in "$labs_run"/lab-*/; do
        directory=${directory%/}
        owner=$(cat "$directory/lab.owner" 2>/dev/null) || continue
        # shellcheck disable=SC2086  # two words
        is_alive $owner || clean_up "$directory"
    done
}

# ---- beginning and end -----------------------------------------------------------------------------

begin_lab() {
    local lab
    lab=$(basename "$lab_directory")
    name=lab-$lab prefix=lab-
    while [ $# -gt 0 ]; do
        case $1 in
            --check) checking=yes name=lab-$lab-$$ prefix=lab-$$- ;;
            --build) build=$(readlink -f "${2:-}") || die "--build wants a directory"; shift ;;
            --cleanup) clean_up "${2:-}"; exit ;;
            *) echo "usage: lab.sh [--check] [--build DIRECTORY]" >&2; exit 2 ;;
        esac
        shift
    done
    [ "$(id -u)" -eq 0 ] || die "a lab makes network namespaces, which needs root"
    [ -z "$build" ] || PATH=$build/control/cli:$build/control:$build/dataplane:$PATH
    local program
    for program in sluice-dataplane sluice-control sluice ip ethtool; do
        command -v "$program" >/dev/null || die "there is no $program: build first, or name a build with --build"
    done

    run_directory=$labs_run/$name
    clean_up_leftovers
    mkdir -p "$labs_run"
    mkdir "$run_directory" 2>/dev/null || die "$run_directory is there: this lab runs already (process $(cut -d' ' -f1 "$run_directory/lab.owner" 2>/dev/null))"
    identity_of $$ >"$run_directory/lab.owner"
    : >"$run_directory/lab.processes"
    : >"$run_directory/lab.namespaces"
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    trap leave_lab EXIT
    start_watchdog
    take_huge_pages
}

leave_lab() {
    local code=$?
    trap '' INT TERM HUP
    if [ $code -eq 1 ]; then
        show_logs
    fi
    if [ $checking = no ]; then printf '\n%scleaning up%s\n' "$dim" "$plain"; fi
    kill "$watchdog" 2>/dev/null
    clean_up "$run_directory"
    exit $code
}

# Should this script be killed in a way that it can not catch.
start_watchdog() {
    # shellcheck disable=SC2016  # its own arguments
    setsid bash -c 'trap "" INT HUP
        tail --pid="$1" -s 0.2 -f /dev/null
        exec "$2" --cleanup "$3"' watchdog $$ "$lab_script" "$run_directory" </dev/null >/dev/null 2>&1 &
    watchdog=$!
}

# With --check: the verdict. Otherwise: the processes are watched until the user has enough.
end_lab() {
    if [ $checking = yes ]; then
        title "lab $(basename "$lab_directory"): $checks_passed checks passed, $checks_failed failed"
        [ "$checks_failed" -eq 0 ]
        exit
    fi
    title "The lab stays up until you press Ctrl-C."
    local role
    while :; do
        { wait -n "${processes[@]}"; } 2>/dev/null  # without bash's own word on it
        for role in "${!processes[@]}"; do
            # shellcheck disable=SC2046  # two words
            is_alive $(grep "^${processes[$role]} " "$run_directory/lab.processes") && continue
            title "sluice-${role% *} of ${role#* } has ended; starting it again"
            router=${role#* } "start_${role% *}"
        done
        sleep 0.1
    done
}

show_logs() {
    local log
    for log in "$run_directory"/*.log; do
        [ -s "$log" ] || continue
        title "the end of $(basename "$log")"
        tail -n 20 "$log"
    done
}

# ---- hugepages ---------------------------------------------------------------------------------------

# Packet memory and the shared memories, in pages of 2 MiB.
huge_pages_needed=112

take_huge_pages() {
    local free before after available
    huge_pages=yes
    free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)
    [ "$free" -ge $huge_pages_needed ] && return
    available=$(awk '/^MemAvailable:/ { print int($2 / 2048) }' /proc/meminfo)
    if [ "$available" -gt $((huge_pages_needed * 4)) ] && [ -w /proc/sys/vm/nr_hugepages ]; then
        before=$(cat /proc/sys/vm/nr_hugepages)
        # Written down before they are taken, and set right after: a kill between the two must
        # not leave them taken.
        echo $((huge_pages_needed - free)) >"$run_directory/lab.hugepages"
        echo $((before + huge_pages_needed - free)) >/proc/sys/vm/nr_hugepages 2>/dev/null
        after=$(cat /proc/sys/vm/nr_hugepages)
        echo $((after - before)) >"$run_directory/lab.hugepages"
        [ $((after - before + free)) -ge $huge_pages_needed ] && return
        echo "$before" >/proc/sys/vm/nr_hugepages
        rm -f "$run_directory/lab.hugepages"
    fi
    huge_pages=no
    echo "No hugepages to be had: packets lie on 4 KiB pages, which costs more TLB misses and some speed."
}

# A mount namespace with hugetlbfs in it, held by a process that sleeps. Nobody else sees the
# mount, and the kernel takes it away with the last process in it.
hold_mounts() {
    local mount=true
    if [ $huge_pages = yes ] && ! grep -q ' hugetlbfs ' /proc/mounts; then
        mkdir -p "$run_directory/hugepages"
        mount="mount -t hugetlbfs -o pagesize=2M sluice $run_directory/hugepages"
    fi
    spawn mounts.log unshare --mount --propagation private sh -c "$mount && echo ready; exec sleep infinity"
    holder=$spawned
    wait_until 20 grep -q ready "$run_directory/mounts.log" || echo "hugetlbfs can not be mounted: the two memories lie on 4 KiB pages."
}

# ---- network -------------------------------------------------------------------------------------------

make_namespace() {  # HOST
    local namespace=$prefix$1
    [ ! -e "/run/netns/$namespace" ] || die "there is a namespace $namespace already, and it is not ours"
    echo "$namespace" >>"$run_directory/lab.namespaces"
    ip netns add "$namespace" || die "can not make the namespace $namespace"
    at "$1" sh -c 'for each in all default; do echo 1 >/proc/sys/net/ipv6/conf/$each/disable_ipv6; done' 2>/dev/null
    at "$1" ip link set lo up
}

# A cable from a host's eth0, or another of its interfaces, to a port of the router. The host computes its checksums and cuts
# its segments itself: on a wire there is nobody else to do it.
connect() {  # HOST PORT [MTU [INTERFACE]]
    local mtu=${3:-1500}
    local own=${4:-eth0}
    ip -n "$prefix$1" link add "$own" mtu "$mtu" type veth peer name "$2" netns "$prefix$router" mtu "$mtu" ||
        die "can not lay a cable from $1 to $2"
    at "$1" ethtool -K "$own" tx off tso off gso off gro off >/dev/null
    at "$router" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
    ip -n "$prefix$1" link set "$own" up
    ip -n "$prefix$router" link set "$2" up
}

at() { ip netns exec "$prefix$1" "${@:2}"; }

# ---- processes -----------------------------------------------------------------------------------------

spawn() {  # LOG COMMAND...: in the background, out of Ctrl-C's reach; its number is in $spawned
    setsid "${@:2}" </dev/null >>"$run_directory/$1" 2>&1 &
    spawned=$!
    identity_of "$spawned" >>"$run_directory/lab.processes"
}

spawn_at() { spawn "$2" ip netns exec "$prefix$1" "${@:3}"; }  # HOST LOG COMMAND...

# A lab may have several routers. Functions that are about one of them are about $router, which is
# its namespace; of one that is not called "router", the file is its name's, and so is the directory.
router=router
declare -A processes  # by "dataplane router", "control router"
router_directory() { [ "$router" = router ] && echo "$run_directory" || echo "$run_directory/$router"; }
router_file() { [ "$router" = router ] && echo "$lab_directory/sluice.json" || echo "$lab_directory/$router.json"; }
router_name() { [ "$router" = router ] && echo "$name" || echo "$name-$router"; }

in_router() {
    mkdir -p "$(router_directory)"
    spawn "$1" nsenter --mount="/proc/$holder/ns/mnt" --net="/run/netns/${prefix}$router" "${@:2}"
}

start_dataplane() {
    local no_huge=()
    [ $huge_pages = yes ] || no_huge=(--no-huge)
    in_router "$router-dataplane.log" sluice-dataplane --name "$(router_name)" --run-dir "$(router_directory)" "${no_huge[@]}"
    dataplane=$spawned processes["dataplane $router"]=$spawned
}

start_control() {
    in_router "$router-control.log" sluice-control --name "$(router_name)" --run-dir "$(router_directory)" \
        --state-dir "$(router_directory)/history" --config "$(router_file)"
    control=$spawned processes["control $router"]=$spawned
}

# Where there are several none waits for another before all are there.
start_routers() {  # ROUTER...
    local router
    hold_mounts
    for router in "$@"; do
        start_dataplane
        start_control
    done
    for router in "$@"; do
        wait_until 20 ask show status || die "sluice-control does not answer"
        # Returns when every worker has seen the configuration and every interface is as wanted.
        ask apply "$(router_file)" || die "$router did not come up"
    done
}
start_router() { start_routers router; }

# The command, as $router's user gives it.
ask() { sluice --run-dir "$(router_directory)" "$@"; }

wait_until() {  # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# ---- captures ------------------------------------------------------------------------------------------

# From its return on all packets of a host's eth0 are in NAME.capture, a line each.
declare -A capturers
capture() {  # NAME HOST TCPDUMP-ARGUMENTS...
    spawn_at "$2" "$1.capture" tcpdump -n -l -i eth0 --immediate-mode "${@:3}"
    capturers[$1]=$spawned
    wait_until 20 grep -q 'listening on' "$run_directory/$1.capture"
}

sleeps() { [[ $(sed 's/.*) //' "/proc/$1/stat") == S* ]]; }

end_captures() {
    local capturer
    sleep 0.3  # for the last packets, which are under way
    for capturer in "${capturers[@]}"; do
        wait_until 20 sleeps "$capturer"  # one that has yet to read some, and waits for a processor alone, does not
        kill "$capturer"
        wait "$capturer"
    done
    capturers=()
}

# ---- showing and judging ------------------------------------------------------------------------------

# Shows a command and what it says, which is then in $output, and its exit code in $code.
run() {  # HOST COMMAND..., or sluice ...
    local command=("$@")
    if [ "$1" = sluice ]; then
        command=(sluice --run-dir "$(router_directory)" "${@:2}")
        [ "$router" != router ] || command=(sluice --name "$name" "${@:2}")
    else
        command=(ip netns exec "$prefix$1" "${@:2}")
    fi
    printf '%s$ %s%s\n' "$dim" "${command[*]}" "$plain"
    "${command[@]}" 2>&1 | tee "$run_directory/output" | sed 's/^/    /'
    code=${PIPESTATUS[0]}
    output=$(cat "$run_directory/output")
}

check() {  # SENTENCE COMMAND...: the command decides; $output may be looked at with says
    if "${@:2}"; then
        checks_passed=$((checks_passed + 1))
        printf '%sok%s      %s\n' "$green" "$plain" "$1"
    else
        checks_failed=$((checks_failed + 1))
        printf '%sFAILED%s  %s\n' "$red" "$plain" "$1"
    fi
}

says() { grep -Eq -- "$1" <<<"$output"; }
succeeded() { [ "$code" -eq 0 ]; }

# What `sluice ... --json` answers, judged by a Python expression in which it is called `it`.
answers() {  # EXPRESSION SLUICE-ARGUMENTS...
    ask "${@:2}" --json 2>/dev/null |
        python3 -c 'import json, sys; it = json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' "$1" 2>/dev/null
}

# What iperf3 said in $output.
mbits_received() { awk '/receiver/ { for (i = 1; i <= NF; ++i) if ($i == "Mbits/sec") print int($(i - 1)) }' <<<"$output"; }
moved_at_least() { [ "$(mbits_received)" -ge "$1" ] 2>/dev/null; }

tunnel_is() { answers "it['tunnels'][0]['condition'] == '$2'" show tunnel "$1"; }  # NAME CONDITION

# All IP in a capture, ten packets of it at least, went from one of a tunnel's ends to the other.
only_the_tunnel_was_seen() {  # CAPTURE END END
    local all tunnelled here=${2//./\\.} there=${3//./\\.}
    all=$(grep -c ' IP6* ' "$run_directory/$1.capture")
    tunnelled=$(grep -cE " IP ($here > $there|$there > $here): GREv0" "$run_directory/$1.capture")
    [ "$tunnelled" -ge 10 ] && [ "$tunnelled" -eq "$all" ]
}
