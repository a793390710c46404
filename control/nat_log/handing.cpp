// SPDX-License-Identifier: BSD-3-Clause
#include "control/nat_log/handing.h"

#include <algorithm>

namespace sluice::nat_log {
namespace {

constexpr size_t most_a_batch = 512;

// A ring that was made anew begins before what was read of the last one.
uint64_t next_of(const Progress& progress, unsigned worker, uint64_t written) {
    const uint64_t next = progress.next[worker].load(std::memory_order_acquire);
    return next <= written ? next : 0;
}

uint64_t oldest_in(const layout::NatLogRing& ring, uint64_t written) {
    return written - std::min<uint64_t>(written, ring.size() - 1);
}

Rings believable(Rings rings) {
    return rings.first(std::min<size_t>(rings.size(), layout::max_workers));
}

}  // namespace

Handing::Handing(Progress& progress, Outlet& outlet) : progress_(progress), outlet_(outlet) {
    const unsigned worker = progress.worker.load() % layout::max_workers;
    const uint32_t count = progress.count.load();
    const uint64_t first = progress.first.load();
    if (count != 0 && count <= most_a_batch && progress.next[worker].load() < first + count) {
        doubt_ = {worker, first, count};
    } else {
        outlet_.resume(progress_, false);
    }
}

bool Handing::hand_on(Rings rings) {
    rings = believable(rings);
    if (doubt_ && !settle_doubt(rings)) return false;
    for (unsigned worker = 0; worker < rings.size(); ++worker) {
        if (!hand_on(worker, rings[worker])) return false;
    }
    return true;
}

// The batch that the last control was at when it died.
bool Handing::settle_doubt(Rings rings) {
    const Doubt d = *doubt_;
    const bool there = d.worker < rings.size() && [&] {
        const uint64_t written = rings[d.worker].written.load(std::memory_order_acquire);
        return d.first + d.count <= written && d.first >= oldest_in(rings[d.worker], written);
    }();
    outlet_.resume(progress_, there);
    doubt_.reset();
    size_t count = 0;
    return !there || hand_on_from(d.worker, rings[d.worker], d.first, d.count, count);
}

bool Handing::hand_on(unsigned worker, const layout::NatLogRing& ring) {
    for (size_t done = 0, count = 0; done < most_a_ring; done += count) {
        const uint64_t written = ring.written.load(std::memory_order_acquire);
        const uint64_t next = next_of(progress_, worker, written);
        if (next == written) return true;
        const uint64_t from = std::max(next, oldest_in(ring, written));
        if (!hand_on_from(worker, ring, from, most_a_batch, count)) return false;
    }
    return true;
}

bool Handing::hand_on_from(unsigned worker, const layout::NatLogRing& ring, uint64_t from,
                           size_t most, size_t& count) {
    records_.resize(most);
    size_t read = 0;
    while (read < most && ring.read(from + read, records_[read])) ++read;
    count = 0;
    if (read == 0) return true;  // overwritten just now: the caller looks again

    const uint64_t next = next_of(progress_, worker, ring.written.load(std::memory_order_acquire));
    const Batch batch{worker, from, from - next, std::span(records_).first(read)};
    count = outlet_.take(batch);
    progress_.count.store(0);
    progress_.worker.store(worker);
    progress_.first.store(from);
    outlet_.note(progress_);
    progress_.count.store(static_cast<uint32_t>(count));
    if (!outlet_.hand_on()) return false;
    outlet_.counted(progress_);
    progress_.next[worker].store(from + count);
    progress_.handed_on.fetch_add(count);
    progress_.lost.fetch_add(batch.lost);
    return true;
}

uint64_t Handing::waiting(Rings rings) const {
    uint64_t sum = 0;
    rings = believable(rings);
    for (unsigned worker = 0; worker < rings.size(); ++worker) {
        const uint64_t written = rings[worker].written.load(std::memory_order_acquire);
        sum += written - next_of(progress_, worker, written);
    }
    return sum;
}

void pass_over(Progress& progress, Rings rings) {
    rings = believable(rings);
    for (unsigned worker = 0; worker < rings.size(); ++worker) {
        progress.next[worker].store(rings[worker].written.load(std::memory_order_acquire));
    }
}

}  // namespace sluice::nat_log
