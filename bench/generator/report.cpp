// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/report.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::generator {
namespace {

constexpr double ethernet_gap = 20;  // bytes of preamble and gap that a frame takes of a wire

const char* name_of(Limit limit) {
    switch (limit) {
        case Limit::generator: return "generator";
        case Limit::router: return "router";
        case Limit::none: break;
    }
    return "none";
}

double microseconds(double cycles, double tsc_hz) { return cycles / tsc_hz * 1e6; }

Json describe(const Histogram& latency, double tsc_hz) {
    const auto at = [&](double share) {
        return microseconds(static_cast<double>(latency.at(share)), tsc_hz);
    };
    return {{"packets", latency.count()},
            {"min", microseconds(static_cast<double>(latency.least()), tsc_hz)},
            {"mean", microseconds(latency.mean(), tsc_hz)},
            {"p50", at(0.5)},
            {"p90", at(0.9)},
            {"p99", at(0.99)},
            {"p99.9", at(0.999)},
            {"p99.99", at(0.9999)},
            {"max", microseconds(static_cast<double>(latency.most()), tsc_hz)}};
}

Json describe_faults(const Counts& counts) {
    Json faults = Json::object();
    for (unsigned f = 0; f < static_cast<unsigned>(Fault::count); ++f) {
        faults[name_of(static_cast<Fault>(f))] = counts.fault(static_cast<Fault>(f));
    }
    return faults;
}

Json describe(const StreamResult& s, double seconds, double tsc_hz) {
    const auto packets = static_cast<double>(s.sent.packets);
    const double on_wire = static_cast<double>(s.sent.bytes) + packets * ethernet_gap;
    return {{"sent", s.sent.packets},
            {"received", s.counts.packets},
            {"lost", s.lost()},
            {"loss", packets == 0 ? 0.0 : static_cast<double>(s.lost()) / packets},
            {"missed", s.missed},
            {"offered_pps", packets / seconds},
            {"received_pps", static_cast<double>(s.received_in_time) / seconds},
            {"offered_bits_per_second", 8 * on_wire / seconds},
            {"held_up", s.held_up()},
            {"faults", describe_faults(s.counts)},
            {"icmp_errors", s.counts.icmp_errors},
            {"foreign", s.counts.foreign},
            {"latency_us", describe(s.latency, tsc_hz)}};
}

Json describe(const SideOptions& side) {
    return {{"device", side.device},
            {"address", net::to_string(side.address)},
            {"gateway", net::to_string(side.gateway)},
            {"hosts", net::to_string(side.hosts)}};
}

std::string summary(const StreamResult& s, const TrialResult& trial, double tsc_hz) {
    const auto mpps = [&trial](uint64_t packets) {
        return static_cast<double>(packets) / trial.seconds / 1e6;
    };
    const auto us = [&](double share) {
        return microseconds(static_cast<double>(s.latency.at(share)), tsc_hz);
    };
    return fmt::format(
        "{}: {:.3f} Mpps sent, {:.3f} back, {} {}, {} wrong, latency p50 {:.1f} p99 {:.1f} us",
        to_string(s.direction), mpps(s.sent.packets), mpps(s.received_in_time), s.lost(),
        trial.is_over ? "lost" : "on their way", s.counts.all_faults(), us(0.5), us(0.99));
}

}  // namespace

Json describe(const Options& o) {
    return {{"mode", to_string(o.mode)},
            {"workload", to_string(o.workload)},
            {"direction", o.to_right && o.to_left ? "both"
                          : o.to_left             ? "left"
                                                  : "right"},
            {"mean_size", mean_size(o.sizes)},
            {"flows", o.flows},
            {"new_flows", o.new_flows},
            {"pcap", o.pcap_file},
            {"prefixes", o.destinations.size()},
            {"draw", to_string(o.draw)},
            {"tunnels", o.tunnels},
            {"seed", o.seed},
            {"pps", o.pps},
            {"seconds", o.seconds},
            {"allowed_loss", o.allowed_loss},
            {"left", describe(o.left)},
            {"right", describe(o.right)}};
}

Json describe(const TrialResult& trial, double tsc_hz) {
    Json streams = Json::object();
    for (const StreamResult& s : trial.streams) {
        streams[to_string(s.direction)] = describe(s, trial.seconds, tsc_hz);
    }
    return {{"seconds", trial.seconds},
            {"interrupted", trial.interrupted},
            {"offered_pps", trial.offered_pps()},
            {"received_pps", trial.received_pps()},
            {"loss", trial.loss()},
            {"faults", trial.faults()},
            {"shared_translations", trial.shared_translations},
            {"directions", streams}};
}

Json describe(const SearchResult& search) {
    Json steps = Json::array();
    for (const SearchStep& step : search.steps) {
        steps.push_back({{"wanted_pps", step.wanted_pps},
                         {"offered_pps", step.outcome.offered_pps},
                         {"received_pps", step.outcome.received_pps},
                         {"loss", step.outcome.loss},
                         {"passed", step.passed}});
    }
    return {{"pps", search.pps},
            {"width", search.width},
            {"limited_by", search.limited_by_generator ? "generator" : "router"},
            {"trials", steps}};
}

Json describe(const BackToBack& found, double throughput_pps) {
    const auto [least, most] = std::ranges::minmax(found.lengths);
    Json described{{"packets", found.mean_length},
                   {"least", least},
                   {"most", most},
                   {"deviation", found.deviation},
                   {"tests", found.lengths.size()},
                   {"offered_pps", found.offered_pps},
                   {"limited_by", found.limited_by_goal ? "generator" : "router"},
                   {"implied_buffer_us", 1e6 * found.implied_seconds()}};
    if (throughput_pps > 0) {
        described["corrected_buffer_us"] = 1e6 * found.corrected_seconds(throughput_pps);
    }
    return described;
}

std::string summary(const TrialResult& trial, double tsc_hz) {
    std::string text;
    for (const StreamResult& s : trial.streams) {
        text += (text.empty() ? "" : "; ") + summary(s, trial, tsc_hz);
    }
    return text;
}

std::string limit_name(const TrialResult& trial, double wanted_pps) {
    return name_of(limit_of(trial, wanted_pps));
}

}  // namespace sluice::generator
