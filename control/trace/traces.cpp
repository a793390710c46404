// SPDX-License-Identifier: BSD-3-Clause
#include "control/trace/traces.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <pcap/pcap.h>

namespace sluice::trace {

static_assert(sizeof(bpf_insn) == sizeof(layout::FilterInstruction));

Traces::Traces(const layout::Intent& intent) {
    layout::TraceRequest last;
    for (unsigned i = 0; i < 1000; ++i) {
        if (!intent.trace_sequence.read(last, intent.trace)) continue;
        number_ = last.number;
        break;
    }
}

// bpf_validate() is the kernel's check: known instructions, jumps that lead forward and inside,
// memory within bounds, a return at the end.
std::string Traces::why_not(std::span<const layout::FilterInstruction> filter) {
    if (filter.empty()) return {};
    if (filter.size() > layout::max_trace_filter) {
        return fmt::format("the filter has {} instructions, at most {} fit", filter.size(),
                           layout::max_trace_filter);
    }
    std::vector<bpf_insn> program;
    for (const auto& i : filter) program.push_back({i.code, i.jump_true, i.jump_false, i.k});
    if (bpf_validate(program.data(), static_cast<int>(program.size())) != 0) return {};
    return "the filter is no valid BPF program";
}

uint64_t Traces::request(intent::IntentWriter& intent, uint32_t count,
                         layout::InterfaceId interface,
                         std::span<const layout::FilterInstruction> filter) {
    auto request = std::make_unique<layout::TraceRequest>();
    request->number = ++number_;
    request->count = std::min(count, most);
    request->interface = interface;
    request->filter_length =
        static_cast<uint32_t>(std::min<size_t>(filter.size(), layout::max_trace_filter));
    std::copy_n(filter.begin(), request->filter_length, request->filter);
    intent.request_trace(*request);
    return number_;
}

void Traces::stop(intent::IntentWriter& intent) { request(intent, 0, layout::no_interface, {}); }

void Traces::drain(const state::StateView& view) {
    const layout::State* state = view.get();
    if (state == nullptr) return;
    if (opening_ != view.openings()) next_ = {};
    opening_ = view.openings();
    for (unsigned w = 0; w < layout::max_workers; ++w) {
        const auto& ring = state->workers[w].traces;
        const uint64_t written = ring.written.load(std::memory_order_acquire);
        const uint64_t oldest = written - std::min<uint64_t>(written, ring.size() - 1);
        uint64_t& next = next_[w];
        if (next < oldest || next > written) next = oldest;
        for (; next < written; ++next) {
            layout::TraceRecord record;
            if (!ring.read(next, record) || record.trace != number_) continue;
            if (seen_.size() == kept) seen_.pop_front();
            seen_.push_back({++places_, w, record});
        }
    }
}

std::vector<Traces::Seen> Traces::since(uint64_t request, uint64_t place) const {
    std::vector<Seen> result;
    for (const Seen& seen : seen_) {
        if (seen.record.trace == request && seen.place > place) result.push_back(seen);
    }
    return result;
}

}  // namespace sluice::trace
