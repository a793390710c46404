// SPDX-License-Identifier: BSD-3-Clause
// DPDK's hash table with the same keys, to compare with.
#pragma once
#include <cstdint>
#include <span>

#include "lib/flow/key.h"
#include "lib/flow/session.h"

struct rte_hash;

namespace sluice::flow {

// Starts EAL, on hugepages if there are enough free ones; returns whether it is on those.
bool start_eal();

// rte_hash with 16-byte keys, its CRC hash and lookups in bulk; made a quarter larger than what is
// put in, since it may refuse the last keys (DPDK 22.11 programmer's guide, "Hash Library").
class RteHash {
  public:
    // With `lock_free`, readers need no lock while another thread writes, as ours do not.
    RteHash(uint32_t keys, bool lock_free);
    ~RteHash();
    RteHash(const RteHash&) = delete;
    RteHash& operator=(const RteHash&) = delete;

    bool add(const FlowKey& key, Flow flow);
    // Up to 64; bit i says whether the i-th was found.
    uint64_t find_bulk(const FlowKey* keys, Flow* found, unsigned n) const;

  private:
    rte_hash* hash_;
};

}  // namespace sluice::flow
