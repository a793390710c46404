// SPDX-License-Identifier: BSD-3-Clause
// What the generator does before anything is measured: links, addresses, the first packets.
#include <algorithm>

#include <fmt/format.h>
#include <time.h>

#include "bench/generator/generator.h"
#include "lib/tsc.h"

namespace sluice::generator {
namespace {

constexpr double probing_pps = 1000;
constexpr uint64_t enough_to_begin = 16;  // packets in each direction
constexpr double ask_again_s = 0.1;

}  // namespace

void Generator::connect() {
    const uint64_t until = read_tsc() + cycles(options_.wait_s);
    connect_links(until);
    resolve_gateways(until);
    make_streams();
}

void Generator::connect_links(uint64_t until_tsc) {
    for (;;) {
        const bool last_try = read_tsc() > until_tsc;
        const bool left_is_up = left_.connect(pools_, last_try);
        const bool right_is_up = right_.connect(pools_, last_try);
        if (left_is_up && right_is_up) return;
        if (last_try || stop_) {
            throw std::runtime_error(
                fmt::format("the link of --{} does not come up: is its other end there?",
                            left_is_up ? "right" : "left"));
        }
        const timespec pause{0, 10'000'000};
        ::nanosleep(&pause, nullptr);
    }
}

void Generator::resolve_gateways(uint64_t until_tsc) {
    for (uint64_t ask_at = 0;;) {
        const uint64_t now = read_tsc();
        receive();
        Side* silent = !left_.gateway_mac() ? &left_ : !right_.gateway_mac() ? &right_ : nullptr;
        if (silent == nullptr) return;
        if (now > until_tsc || stop_) {
            throw std::runtime_error(fmt::format("--{}-gateway {}: nobody answers ARP for it",
                                                 silent->name(),
                                                 net::to_string(silent->options().gateway)));
        }
        if (now < ask_at) continue;
        ask_at = now + cycles(ask_again_s);
        for (Side* side : {&left_, &right_}) {
            if (!side->gateway_mac()) side->ask_for_gateway();
        }
    }
}

void Generator::carry_traffic_until(const std::function<bool()>& enough, double seconds) {
    const uint64_t until = read_tsc() + cycles(seconds);
    while (!stop_ && !enough() && read_tsc() < until) {
        send();
        receive();
    }
}

void Generator::warm_up() {
    begin(Walk::Over::all);
    pace(probing_pps);
    const auto enough = [this] {
        return std::ranges::all_of(streams_, [](const Stream& s) {
            return !s.sender || s.checker->counts().packets >= enough_to_begin;
        });
    };
    carry_traffic_until(enough, options_.wait_s);
    drain();
    if (!enough() && !stop_) throw NothingComes(what_came());
    if (translations_) open_flows();
}

// Each of a NAT's sessions is made by one packet or, where that is lost, by another.
void Generator::open_flows() {
    const uint32_t count = flows_.count_of(Treatment::translated);
    const double patience_s = options_.wait_s + 3.0 * count / options_.opening_pps;
    begin(Walk::Over::unopened);
    pace(options_.opening_pps);
    const auto all_known = [&] { return translations_->known_count() == count; };
    carry_traffic_until(all_known, patience_s);
    drain();
    if (all_known() || stop_) return;
    throw NothingComes(
        fmt::format("of {} flows only {} were translated", count, translations_->known_count()));
}

std::string Generator::what_came() const {
    std::string text = "packets do not come through:";
    for (const StreamResult& s : result().streams) {
        text += fmt::format(" {} {} of {} ({} ICMP errors, {} others, {} faults)",
                            to_string(s.direction), s.counts.packets, s.sent.packets,
                            s.counts.icmp_errors, s.counts.foreign, s.counts.all_faults());
    }
    return text;
}

}  // namespace sluice::generator
