// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/generator.h"

#include <algorithm>

#include <fmt/format.h>
#include <rte_ethdev.h>

#include "lib/tsc.h"

namespace sluice::generator {
namespace {

constexpr double probing_pps = 1000;
constexpr uint64_t enough_to_begin = 16;  // packets in each direction
constexpr uint64_t most_behind = 256;     // packets: less than any queue holds
constexpr unsigned receive_burst = 64;
constexpr double ask_again_s = 0.1;

FlowWish flows_wished(const Options& o) {
    return {o.flows, o.left.hosts, o.destinations, o.draw, o.seed};
}

std::optional<Tunnel> tunnel_wished(const Options& o) {
    if (o.workload == Workload::gre) {
        return Tunnel{net::Protocol::gre, o.tunnel_own, o.tunnel_router, o.gre_key};
    }
    if (o.workload == Workload::ipip) {
        return Tunnel{net::Protocol::ipip, o.tunnel_own, o.tunnel_router, {}};
    }
    return {};
}

uint32_t mtu_for(const Options& o) {
    const uint32_t largest = std::ranges::max(o.sizes) - frame_check_length - ethernet_length;
    const auto tunnel = tunnel_wished(o);
    return std::max<uint32_t>(largest + (tunnel ? tunnel->overhead() : 0), 1500);
}

}  // namespace

Generator::Generator(const Options& options, double tsc_hz, const std::atomic<bool>& stop)
    : options_(options),
      hz_(tsc_hz),
      stop_(stop),
      pools_(options.buffers),
      flows_(flows_wished(options)),
      tunnel_(tunnel_wished(options)),
      left_("left", options.left, mtu_for(options), options.descriptors),
      right_("right", options.right, mtu_for(options), options.descriptors),
      scattered_(UINT16_MAX) {
    if (options.workload == Workload::nat) translations_.emplace(flows_.count());
}

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

bool Generator::is_wanted(Direction d) const noexcept {
    return d == Direction::right ? options_.to_right : options_.to_left;
}

void Generator::make_streams() {
    for (const Direction d : directions) streams_[index(d)] = make_stream(d);
}

Generator::Stream Generator::make_stream(Direction d) {
    Side& from = side_that_sends(d);
    const bool to_right = d == Direction::right;
    const Tunnel* tunnel = tunnel_ ? &*tunnel_ : nullptr;
    Translations* translations = translations_ ? &*translations_ : nullptr;
    const Expected expected{d, options_.hops, to_right ? tunnel : nullptr,
                            to_right ? translations : nullptr};
    Stream stream{nullptr, std::make_unique<Checker>(expected, flows_), nullptr};
    if (!is_wanted(d)) return stream;  // but what comes there is looked at: ICMP errors do
    const SenderWish wish{d, to_right ? nullptr : tunnel, options_.sizes,
                          to_right ? options_.new_flows : 0};
    const Macs macs{from.mac(), *from.gateway_mac()};
    stream.sender = std::make_unique<Sender>(wish, macs, flows_, translations);
    stream.sender->attach(from.port(), from.pool());
    return stream;
}

void Generator::begin(Walk::Over over) {
    ++run_;
    for (Stream& s : streams_) {
        s.checker->begin(run_);
        if (!s.sender) continue;
        const bool replies = s.sender->direction() == Direction::left && translations_;
        s.sender->begin(run_, replies ? Walk::Over::translated : over);
    }
}

void Generator::pace(double pps) {
    const uint64_t now = read_tsc();
    for (Stream& s : streams_) {
        s.pacer = pps > 0 ? std::make_unique<Pacer>(pps, hz_, now, most_behind) : nullptr;
    }
}

void Generator::send() noexcept {
    const uint64_t now = read_tsc();
    for (Stream& s : streams_) {
        if (!s.sender) continue;
        const uint64_t due = s.pacer ? s.pacer->due(now) : Sender::burst;
        const unsigned taken = s.sender->send(due, now);
        if (s.pacer) s.pacer->sent(taken);
    }
}

void Generator::receive() noexcept {
    receive(right_, streams_[index(Direction::right)].checker.get());
    receive(left_, streams_[index(Direction::left)].checker.get());
}

void Generator::receive(Side& side, Checker* checker) noexcept {
    std::array<rte_mbuf*, receive_burst> buffers;
    const unsigned count = rte_eth_rx_burst(side.port(), 0, buffers.data(), receive_burst);
    if (count == 0) return;
    if (checker != nullptr) {
        for (unsigned i = 0; i < count; ++i) {
            checker->prefetch(rte_pktmbuf_mtod(buffers[i], const uint8_t*), buffers[i]->data_len);
        }
    }
    look_at(side, checker, buffers.data(), count);
    rte_pktmbuf_free_bulk(buffers.data(), count);
}

void Generator::look_at(Side& side, Checker* checker, rte_mbuf** buffers, unsigned count) noexcept {
    const uint64_t now = read_tsc();
    for (unsigned i = 0; i < count; ++i) {
        const uint32_t length = std::min<uint32_t>(buffers[i]->pkt_len, UINT16_MAX);
        const void* whole = rte_pktmbuf_read(buffers[i], 0, length, scattered_.data());
        const auto* frame = static_cast<const uint8_t*>(whole);
        if (ArpSpeaker::is_arp(frame, length)) {
            side.hear_arp(frame, length);
        } else if (checker != nullptr) {
            checker->check(frame, length, now);
        }
    }
}

uint64_t Generator::missing() const noexcept {
    uint64_t missing = 0;
    for (const Stream& s : streams_) {
        if (!s.sender) continue;
        const uint64_t sent = s.sender->counts().packets, came = s.checker->counts().packets;
        missing += sent > came ? sent - came : 0;
    }
    return missing;
}

void Generator::drain() {
    uint64_t before = missing(), changed = read_tsc();
    while (missing() > 0 && read_tsc() - changed < cycles(options_.drain_s)) {
        receive();
        if (missing() == before) continue;
        before = missing();
        changed = read_tsc();
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

// A NAT's sessions are made in the order of the walk, each by one packet or, where that is lost,
// by another.
void Generator::open_flows() {
    const double patience_s = options_.wait_s + 3.0 * flows_.count() / options_.opening_pps;
    begin(Walk::Over::untranslated);
    pace(options_.opening_pps);
    const auto all_known = [this] { return translations_->known_count() == flows_.count(); };
    carry_traffic_until(all_known, patience_s);
    drain();
    if (all_known() || stop_) return;
    throw NothingComes(fmt::format("of {} flows only {} were translated", flows_.count(),
                                   translations_->known_count()));
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

TrialResult Generator::run(const TrialWish& wish) {
    begin(Walk::Over::all);
    pace(wish.pps);
    const uint64_t start = read_tsc(), every = cycles(wish.every_s);
    const uint64_t end = wish.seconds > 0 ? start + cycles(wish.seconds) : ~uint64_t{0};
    uint64_t now = start, look_at = start + every;
    for (; now < end && !stop_.load(std::memory_order_relaxed); now = read_tsc()) {
        send();
        receive();
        if (now < look_at) continue;
        look_at += every;
        if (!wish.look) continue;
        TrialResult so_far = result();
        so_far.seconds = static_cast<double>(now - start) / hz_;
        wish.look(so_far);
    }
    const std::vector<uint64_t> in_time = received();
    drain();
    TrialResult trial = result();
    for (size_t i = 0; i < trial.streams.size(); ++i)
        trial.streams[i].received_in_time = in_time[i];
    trial.seconds = static_cast<double>(now - start) / hz_;
    trial.is_over = true;
    trial.interrupted = now < end;
    return trial;
}

std::vector<uint64_t> Generator::received() const {
    std::vector<uint64_t> counts;
    for (const Stream& s : streams_) {
        if (s.sender) counts.push_back(s.checker->counts().packets);
    }
    return counts;
}

// They come to where the packets were sent.
uint64_t Generator::errors_about(Direction d) const noexcept {
    const Direction back = d == Direction::right ? Direction::left : Direction::right;
    return streams_[index(back)].checker->counts().icmp_errors;
}

TrialResult Generator::result() const {
    TrialResult trial;
    for (const Stream& s : streams_) {
        if (!s.sender) continue;
        Counts counts = s.checker->counts();
        counts.icmp_errors = errors_about(s.sender->direction());
        trial.streams.push_back({s.sender->direction(), s.sender->counts(),
                                 s.pacer ? s.pacer->missed() : 0, counts.packets, counts,
                                 s.checker->latency()});
    }
    return trial;
}

}  // namespace sluice::generator
