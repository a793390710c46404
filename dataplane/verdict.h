// SPDX-License-Identifier: BSD-3-Clause
// What a stage says of a packet.
//
//   passed()        go on to the next stage
//   finished()      the stage has taken the packet: sent it, holds it, or gave it back
//   drop(reason)    the packet ends here; the pipeline counts it, tells the source where a
//                   standard asks for that (icmp/error.h), and gives the buffer back
#pragma once
#include <cstdint>

#include "lib/layout/drop_reason.h"
#include "lib/layout/trace.h"

namespace sluice {

using layout::DropReason;

struct [[nodiscard]] Verdict {
    layout::StepResult result;
    DropReason reason;
    uint32_t detail;  // too_big: the MTU; option_malformed: the offset of the bad byte

    constexpr bool is_passed() const noexcept { return result == layout::StepResult::passed; }
    constexpr bool is_drop() const noexcept { return result == layout::StepResult::dropped; }
    constexpr bool operator==(const Verdict&) const noexcept = default;
};

constexpr Verdict passed() noexcept { return {layout::StepResult::passed, DropReason{}, 0}; }
constexpr Verdict finished() noexcept { return {layout::StepResult::finished, DropReason{}, 0}; }
constexpr Verdict drop(DropReason reason, uint32_t detail = 0) noexcept {
    return {layout::StepResult::dropped, reason, detail};
}

}  // namespace sluice
