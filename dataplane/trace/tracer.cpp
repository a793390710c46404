// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/trace/tracer.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <pcap/bpf.h>

#include "dataplane/pipeline.h"

namespace sluice::trace {

Tracer::Tracer(const layout::TraceRequest& request)
    : number_(request.number), interface_(request.interface), left_(request.count) {
    if (request.filter_length > layout::max_trace_filter) {
        throw std::runtime_error(
            fmt::format("trace {}: a filter of {} instructions, at most {} fit", number_,
                        request.filter_length, layout::max_trace_filter));
    }
    for (uint32_t i = 0; i < request.filter_length; ++i) {
        const layout::FilterInstruction& from = request.filter[i];
        program_.push_back({from.code, from.jump_true, from.jump_false, from.k});
    }
    const int length = static_cast<int>(program_.size());
    if (length > 0 && bpf_validate(program_.data(), length) == 0) {
        throw std::runtime_error(
            fmt::format("trace {}: the filter is not a valid program", number_));
    }
}

Tracer::~Tracer() = default;

bool Tracer::matches(InterfaceId in, const Packet& packet) const noexcept {
    if (interface_ != layout::no_interface && interface_ != in) return false;
    // The first segment holds every header that a filter can ask about.
    return program_.empty() ||
           bpf_filter(program_.data(), packet.data(), packet.length(), packet.contiguous()) != 0;
}

bool Tracer::claim(InterfaceId in, const Packet& packet) noexcept {
    return !done() && matches(in, packet) && left_.fetch_sub(1, std::memory_order_relaxed) > 0;
}

layout::TraceRecord record_of(uint64_t trace, uint64_t now_ns, InterfaceId in,
                              const Packet& packet) noexcept {
    layout::TraceRecord record{};
    record.trace = trace;
    record.time_ns = now_ns;
    record.frame_length = packet.length();
    record.interface = in;
    record.captured =
        static_cast<uint16_t>(packet.copy_out(0, record.bytes, layout::max_trace_bytes));
    return record;
}

unsigned trace_matching(Context& c, Tracer& tracer, InterfaceId in, rte_mbuf** packets,
                        unsigned count) noexcept {
    unsigned others = 0;
    for (unsigned i = 0; i < count; ++i) {
        const Packet packet(packets[i]);
        if (!tracer.claim(in, packet)) {
            packets[others++] = packets[i];
            continue;
        }
        layout::InterfaceCounters& counters = c.counters.interfaces[in];
        counters.rx_packets.add(1);
        counters.rx_bytes.add(packet.length());
        layout::TraceRecord record = record_of(tracer.number(), c.now_ns, in, packet);
        c.trace = &record;
        run_plain(c, in, packet);
        c.trace = nullptr;
        c.counters.traces.push(record);
    }
    return others;
}

}  // namespace sluice::trace
