# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034  # the lists are used by name
# The Debian packages that Sluice needs, by what for, and their installation.

. /etc/os-release
case ${VERSION_ID:-} in
    12) clang=14 ;;
    *) clang=19 ;;
esac
clangxx=clang++-$clang
clang_format=clang-format-$clang

packages_build=(
    meson ninja-build g++ pkg-config python3
    libdpdk-dev libxdp-dev libbpf-dev libelf-dev libnuma-dev libbsd-dev libpcap-dev zlib1g-dev
    nlohmann-json3-dev libvalijson-dev libcli11-dev libfmt-dev libspdlog-dev libasio-dev
    libgtest-dev libgmock-dev libbenchmark-dev
)
packages_lab=(
    iproute2 ethtool procps util-linux iputils-ping iputils-tracepath traceroute iperf3 tcpdump
    curl
)
packages_test=(
    python3-pytest python3-scapy iputils-arping tshark dpdk nftables bind9-dnsutils
    python3-pyftpdlib lftp dnsmasq-base
)
packages_bench=(
    valgrind dpdk nftables
)
packages_fuzz=(
    "clang-$clang" "libclang-rt-$clang-dev" "llvm-$clang" "clang-format-$clang"
)

# Installs what is missing of the named lists; says nothing where nothing is.
need_packages() {  # LIST...
    local list name wanted=() missing=()
    for list; do
        local -n names=packages_$list
        wanted+=("${names[@]}")
    done
    local -A installed=()
    while read -r name; do installed[$name]=1; done < <(
        dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
            sed -n 's/^installed //p')
    for name in "${wanted[@]}"; do
        [ -n "${installed[$name]:-}" ] || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
    command -v apt-get >/dev/null ||
        fail "no apt-get here: Sluice is built on Debian; it needs the packages $*"
    say "installing $# Debian packages: $*"
    local log apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    log=$(mktemp)
    # A mirror that does not answer matters only if a package can not be had: so the result of
    # the install alone decides.
    as_root "${apt[@]}" update >"$log" 2>&1 </dev/null || true
    if ! as_root "${apt[@]}" install --yes --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install them. Without a network, install them by hand: apt-get install $*"
    fi
    rm -f "$log"
}
