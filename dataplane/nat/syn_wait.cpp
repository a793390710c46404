// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/syn_wait.h"

#include <algorithm>
#include <utility>

#include "dataplane/discard.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {

bool SynWait::hold(Context& c, Packet packet, const Arrival& arrival,
                   const flow::FlowKey& key) noexcept {
    const auto free = std::ranges::find_if(held_, [](const Held& h) { return !h.packet; });
    if (free == held_.end()) return false;
    *free = {packet, arrival, key, c.now_ns};
    ++count_;
    return true;
}

void SynWait::tick(Context& c) noexcept {
    const uint64_t patience = uint64_t{c.plan->nat->settings().syn_wait_s} * 1'000'000'000;
    for (Held& h : held_) {
        if (!h.packet) continue;
        const bool ours_came = c.nat->index().find(h.key).exists();
        if (!ours_came && c.now_ns - h.since_ns < patience) continue;
        --count_;
        discard(c, std::exchange(h.packet, Packet()), h.arrival,
                drop(ours_came ? DropReason::nat_syn_superseded : DropReason::nat_syn_unanswered));
    }
}

void SynWait::clear(PacketPool& pool) noexcept {
    for (Held& h : held_) {
        if (h.packet) pool.free(std::exchange(h.packet, Packet()));
    }
    count_ = 0;
}

}  // namespace sluice::nat
