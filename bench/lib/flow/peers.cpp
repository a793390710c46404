// SPDX-License-Identifier: BSD-3-Clause
#include "bench/lib/flow/peers.h"

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

namespace sluice::flow {
namespace {

constexpr unsigned huge_pages_wanted = 1000;  // of 2 MiB, for all tables

unsigned free_huge_pages() {
    unsigned free = 0;
    std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> free;
    return free;
}

}  // namespace

bool start_eal() {
    const bool huge = free_huge_pages() >= huge_pages_wanted;
    std::vector<const char*> words = {"flow_bench", "--no-pci", "--no-telemetry",
                                      "--log-level=error"};
    if (huge) {
        words.push_back("--in-memory");
    } else {
        words.insert(words.end(), {"--no-huge", "--no-shconf", "-m", "2000"});
    }
    auto** arguments = const_cast<char**>(words.data());
    if (rte_eal_init(static_cast<int>(words.size()), arguments) < 0) {
        throw std::runtime_error("DPDK: rte_eal_init");
    }
    return huge;
}

RteHash::RteHash(uint32_t keys, bool lock_free) {
    rte_hash_parameters parameters{};
    parameters.name = lock_free ? "sessions_lock_free" : "sessions";
    parameters.entries = keys + keys / 4;
    parameters.key_len = sizeof(FlowKey);
    parameters.hash_func = rte_hash_crc;
    parameters.extra_flag = lock_free ? RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF : 0;
    hash_ = rte_hash_create(&parameters);
    if (hash_ == nullptr) throw std::runtime_error("DPDK: rte_hash_create");
}

RteHash::~RteHash() { rte_hash_free(hash_); }

bool RteHash::add(const FlowKey& key, Flow flow) {
    return rte_hash_add_key_data(hash_, &key, reinterpret_cast<void*>(uintptr_t{flow.bits()})) == 0;
}

uint64_t RteHash::find_bulk(const FlowKey* keys, Flow* found, unsigned n) const {
    const void* at[RTE_HASH_LOOKUP_BULK_MAX];
    void* data[RTE_HASH_LOOKUP_BULK_MAX];
    for (unsigned i = 0; i < n; ++i) at[i] = &keys[i];
    uint64_t mask = 0;
    rte_hash_lookup_bulk_data(hash_, at, n, &mask, data);
    for (unsigned i = 0; i < n; ++i) {
        found[i] =
            (mask >> i & 1) != 0
                ? Flow::from_bits(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data[i])))
                : Flow{};
    }
    return mask;
}

}  // namespace sluice::flow
