// SPDX-License-Identifier: BSD-3-Clause
#include "bench/lib/fib/peers.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

#include <rte_eal.h>
#include <rte_fib.h>
#include <rte_lpm.h>
#include <rte_vect.h>

namespace sluice::fib {
namespace {

constexpr unsigned huge_pages_wanted = 580;  // of 2 MiB, for all tables and the peers' RIBs

rte_fib* fib_2b = nullptr;
rte_fib* fib_4b = nullptr;
rte_lpm* lpm = nullptr;
alignas(64) std::array<std::uint64_t, longest_burst> fib_answers;
alignas(64) std::array<std::uint32_t, longest_burst> lpm_answers;

unsigned free_huge_pages() {
    unsigned free = 0;
    std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> free;
    return free;
}

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("DPDK: ") + what);
}

rte_fib* create_fib(const char* name, rte_fib_dir24_8_nh_sz entry) {
    rte_fib_conf conf{};
    conf.type = RTE_FIB_DIR24_8;
    conf.default_nh = no_route;
    conf.max_routes = 700'000;
    conf.dir24_8.nh_sz = entry;
    conf.dir24_8.num_tbl8 = 4096;
    rte_fib* fib = rte_fib_create(name, SOCKET_ID_ANY, &conf);
    require(fib != nullptr, "rte_fib_create");
    return fib;
}

void load_fib(rte_fib* fib, std::span<const Route> routes) {
    for (const Route& route : routes)
        require(
            rte_fib_add(fib, route.prefix.address.value, route.prefix.length, route.next_hop) == 0,
            "rte_fib_add");
}

// rte_lpm_add() searches all rules of a length, which takes minutes for this table. Its tbl24
// is public, so the routes up to /24 are written as rte_lpm_add() would have; the rest is added.
void load_lpm(std::span<const Route> routes) {
    rte_lpm_config config{};
    config.max_rules = 1 << 14;
    config.number_tbl8s = 4096;
    lpm = rte_lpm_create("lpm", SOCKET_ID_ANY, &config);
    require(lpm != nullptr, "rte_lpm_create");
    std::vector<Route> shorter_first(routes.begin(), routes.end());
    std::ranges::stable_sort(shorter_first, {}, [](const Route& r) { return r.prefix.length; });
    for (const auto& [prefix, next_hop] : shorter_first) {
        if (prefix.length > 24) {
            require(rte_lpm_add(lpm, prefix.address.value, prefix.length, next_hop) == 0,
                    "rte_lpm_add");
            continue;
        }
        rte_lpm_tbl_entry entry{};
        entry.next_hop = next_hop;
        entry.valid = 1;
        entry.depth = prefix.length;
        std::fill(&lpm->tbl24[prefix.address.value >> 8], &lpm->tbl24[prefix.last().value >> 8] + 1,
                  entry);
    }
}

template <rte_fib** fib>
void look_up_fib(const std::uint32_t* addresses, unsigned n) {
    rte_fib_lookup_bulk(*fib, const_cast<std::uint32_t*>(addresses), fib_answers.data(),
                        static_cast<int>(n));
}

void look_up_lpm_bulk(const std::uint32_t* addresses, unsigned n) {
    rte_lpm_lookup_bulk(lpm, addresses, lpm_answers.data(), n);
}

void look_up_lpm_x4(const std::uint32_t* addresses, unsigned n) {
    for (unsigned i = 0; i < n; i += 4) {
        const auto four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(addresses + i));
        rte_lpm_lookupx4(lpm, four, lpm_answers.data() + i, no_route);
    }
}

NextHopId fib_answer(unsigned i) { return static_cast<NextHopId>(fib_answers[i]); }

NextHopId lpm_answer(unsigned i) {
    const bool found = lpm_answers[i] & RTE_LPM_LOOKUP_SUCCESS;
    return found ? static_cast<NextHopId>(lpm_answers[i]) : no_route;
}

NextHopId lpm_x4_answer(unsigned i) { return static_cast<NextHopId>(lpm_answers[i]); }

template <rte_fib** fib>
Peer fib_peer(const char* name, rte_fib_lookup_type type) {
    return {name, [type] { return rte_fib_select_lookup(*fib, type) == 0; }, look_up_fib<fib>,
            fib_answer};
}

}  // namespace

bool start_eal() {
    const bool huge = free_huge_pages() >= huge_pages_wanted;
    std::vector<const char*> words = {"fib_bench", "--no-pci", "--no-telemetry", "-m", "1000"};
    words.push_back("--log-level=error");
    words.push_back("--force-max-simd-bitwidth=512");
    if (huge) {
        words.push_back("--in-memory");
    } else {
        words.insert(words.end(), {"--no-huge", "--no-shconf"});
    }
    auto** arguments = const_cast<char**>(words.data());
    require(rte_eal_init(static_cast<int>(words.size()), arguments) >= 0, "rte_eal_init");
    return huge;
}

std::vector<Peer> load_peers(std::span<const Route> routes) {
    load_rte_fib_once(routes);
    fib_4b = create_fib("fib_4b", RTE_FIB_DIR24_8_4B);
    load_fib(fib_4b, routes);
    load_lpm(routes);
    const auto always = [] { return true; };
    return {
        fib_peer<&fib_2b>("rte_fib_2b_avx512", RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512),
        fib_peer<&fib_2b>("rte_fib_2b_scalar", RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO),
        fib_peer<&fib_4b>("rte_fib_4b_avx512", RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512),
        fib_peer<&fib_4b>("rte_fib_4b_scalar", RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO),
        {"rte_lpm_bulk", always, look_up_lpm_bulk, lpm_answer},
        {"rte_lpm_x4", always, look_up_lpm_x4, lpm_x4_answer},
    };
}

void load_rte_fib_once(std::span<const Route> routes) {
    if (fib_2b != nullptr) rte_fib_free(fib_2b);
    fib_2b = create_fib("fib_2b", RTE_FIB_DIR24_8_2B);
    load_fib(fib_2b, routes);
}

void change_rte_fib(const Route& route) {
    const auto [address, length] = route.prefix;
    if (route.next_hop == no_route) {
        rte_fib_delete(fib_2b, address.value, length);
    } else {
        rte_fib_add(fib_2b, address.value, length, route.next_hop);
    }
}

}  // namespace sluice::fib
