// SPDX-License-Identifier: BSD-3-Clause
// How far each outlet of the NAT's log has come, in a memory of control's own (the file
// "nat_log_read"), so that the next control goes on there.
//
// A batch is noted before it is handed on and counted after. A control that finds one noted and
// not counted hands the same one on once more, in a way that shows: the file is cut to what it was
// before, an IPFIX message has the sequence number that it had.
#pragma once
#include <atomic>
#include <cstdint>

#include "lib/layout/nat_log.h"

namespace sluice::nat_log {

struct Progress {
    std::atomic<uint64_t> next[layout::max_workers];  // record, by ring
    std::atomic<uint64_t> handed_on;
    std::atomic<uint64_t> lost;  // overwritten before they were read
    // The batch at hand, or the last one.
    std::atomic<uint32_t> worker;
    std::atomic<uint32_t> count;  // 0 while the rest is being noted
    std::atomic<uint64_t> first;
    std::atomic<uint64_t> notes[4];  // the outlet's own
};

struct ProgressRegion {
    shm::Stamp stamp;
    Progress file;
    Progress ipfix;
};

inline constexpr shm::Layout progress_layout{
    "nat_log_read", layout::fold_numbers({layout::revision, sizeof(ProgressRegion)}),
    layout::version, sizeof(ProgressRegion)};

}  // namespace sluice::nat_log
