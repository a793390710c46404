// SPDX-License-Identifier: BSD-3-Clause
// The NAT's memory as a region: the file "sessions" beside "state". Owned by the dataplane, and
// mapped read-only by control, which finds its parts by what stands here and trusts none of it.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/flow/session.h"
#include "lib/layout/regions.h"
#include "lib/nat/ftp_records.h"
#include "lib/shm/region.h"

namespace sluice::layout {

// Where a part lies: bytes from the region's first. Both 0 where it is not there.
struct RegionPart {
    std::atomic<uint64_t> offset;
    std::atomic<uint64_t> size;
};

struct NatRegion {
    shm::Stamp stamp;
    RegionPart mappings;  // nat::Mappings' memory, which begins with the external addresses
    RegionPart sessions;  // flow::Table's memory; the last, so that it can grow
    RegionPart ftp;       // nat::FtpRecords' memory
    uint64_t reserved[2];
};
static_assert(sizeof(NatRegion) == 192 && offsetof(NatRegion, mappings) == 128);

// Its size is the configuration's choice; control takes it as it finds it.
constexpr shm::Layout nat_region_layout(uint64_t size) noexcept {
    return {"sessions",
            fold_numbers({revision, sizeof(NatRegion), sizeof(flow::Session),
                          sizeof(flow::SessionFacts), offsetof(flow::Session, commit),
                          max_nat_addresses, sizeof(nat::FtpRecord), nat::most_ftp_records}),
            version, size};
}

}  // namespace sluice::layout
