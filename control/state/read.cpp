// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/read.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace sluice::state {
namespace {

// A writer is done within a microsecond; one that is not has died.
constexpr unsigned attempts = 1000;

template <typename T>
std::optional<T> whole(const layout::Sequence& sequence, const T& shared) {
    T copy;
    for (unsigned i = 0; i < attempts; ++i) {
        if (sequence.read(copy, shared)) return copy;
    }
    return std::nullopt;
}

template <size_t n>
std::string_view word(const std::array<std::string_view, n>& words, size_t index) {
    return index < n ? words[index] : "unknown";
}

}  // namespace

std::optional<layout::MainStatus> main_status(const layout::State& state) {
    return whole(state.main.sequence, state.main.status);
}

std::optional<layout::InterfaceStatus> interface_status(const layout::State& state,
                                                        layout::InterfaceId id) {
    if (id >= layout::max_interfaces) return std::nullopt;
    return whole(state.interfaces[id].sequence, state.interfaces[id].status);
}

uint32_t worker_count(const layout::State& state) {
    if (const auto status = main_status(state)) {
        return std::min(status->worker_count, layout::max_workers);
    }
    uint32_t count = 0;
    for (uint32_t w = 0; w < layout::max_workers; ++w) {
        if (state.workers[w].heartbeat_ns.load(std::memory_order_relaxed) != 0) count = w + 1;
    }
    return count;
}

uint64_t drops(const layout::State& state, layout::DropReason reason) {
    uint64_t sum = 0;
    for (const layout::WorkerBlock& worker : state.workers) {
        sum += worker.drops[static_cast<unsigned>(reason)].get();
    }
    return sum;
}

uint64_t tally(const layout::State& state, layout::Tally tally) {
    uint64_t sum = 0;
    for (const layout::WorkerBlock& worker : state.workers) {
        sum += worker.tallies[static_cast<unsigned>(tally)].get();
    }
    return sum;
}

Traffic traffic(const layout::State& state, layout::InterfaceId id) {
    Traffic sum;
    if (id >= layout::max_interfaces) return sum;
    for (const layout::WorkerBlock& worker : state.workers) {
        const layout::InterfaceCounters& c = worker.interfaces[id];
        sum.rx_packets += c.rx_packets.get();
        sum.rx_bytes += c.rx_bytes.get();
        sum.tx_packets += c.tx_packets.get();
        sum.tx_bytes += c.tx_bytes.get();
    }
    return sum;
}

NatRuleTraffic nat_rule_traffic(const layout::State& state, uint16_t id) {
    NatRuleTraffic sum;
    for (const layout::WorkerBlock& worker : state.workers) {
        const layout::NatRuleCounters& c = worker.nat_rules[id % layout::max_nat_rules];
        if (c.rule.load(std::memory_order_acquire) != id) continue;
        sum.sessions += c.sessions.get();
        sum.refused += c.refused.get();
        sum.packets += c.packets.get();
    }
    return sum;
}

std::string text_in(const char* array, size_t size) {
    std::string result(array, std::find(array, array + size, '\0'));
    for (char& c : result) {
        if (c != '\n' && (c < ' ' || c > '~')) c = '?';
    }
    return result;
}

std::string address_text(const NeighbourView& n) {
    return n.is_ipv6 ? net::to_string(n.address6) : net::to_string(n.address);
}

std::vector<NeighbourView> neighbours(const layout::State& state) {
    std::vector<NeighbourView> result;
    for (const layout::NeighbourEntry& entry : state.neighbours) {
        const uint64_t key = entry.key.load(std::memory_order_acquire);
        if (key == 0) continue;
        const bool is_ipv6 = layout::NeighbourKey::is_ipv6(key);
        const net::Ipv4Address address =
            is_ipv6 ? net::Ipv4Address{} : layout::NeighbourKey::address(key);
        result.push_back({layout::NeighbourKey::interface(key), address, entry.address6(), is_ipv6,
                          layout::NeighbourLink(entry.link.load(std::memory_order_relaxed)),
                          entry.attempts.load(std::memory_order_relaxed)});
    }
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
        return std::tie(a.interface, a.is_ipv6, a.address, a.address6) <
               std::tie(b.interface, b.is_ipv6, b.address, b.address6);
    });
    return result;
}

std::string_view to_string(layout::InterfaceCondition condition) {
    static constexpr std::array<std::string_view, 6> words{"none", "starting", "up",
                                                           "down", "disabled", "failed"};
    return word(words, static_cast<size_t>(condition));
}

std::string_view to_string(layout::NeighbourCondition condition) {
    static constexpr std::array<std::string_view, 6> words{"none",  "incomplete", "reachable",
                                                           "stale", "probe",      "failed"};
    return word(words, static_cast<size_t>(condition));
}

std::string_view to_string(layout::Severity severity) {
    static constexpr std::array<std::string_view, 4> words{"expected", "notice", "warning",
                                                           "error"};
    return word(words, static_cast<size_t>(severity));
}

}  // namespace sluice::state
