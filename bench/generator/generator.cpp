// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/generator.h"

#include <algorithm>

#include <rte_ethdev.h>

#include "lib/prefetch.h"
#include "lib/tsc.h"

namespace sluice::generator {
namespace {

constexpr uint64_t most_behind = 256;  // packets: less than any queue holds
constexpr unsigned receive_burst = 64;

// Nobody on this core has touched what came over vhost, or memif without a copy. The headers of a
// packet in a tunnel reach into the second cache line.
void fetch_ahead(const rte_mbuf& buffer) noexcept {
    const auto* frame = rte_pktmbuf_mtod(&buffer, const uint8_t*);
    prefetch(frame);
    if (buffer.data_len > RTE_CACHE_LINE_SIZE) prefetch(frame + RTE_CACHE_LINE_SIZE);
}

std::vector<FlowGroup> groups_wished(const Options& o) {
    const auto all = [&](Treatment t) { return FlowGroup{t, o.left.hosts, o.destinations}; };
    switch (o.workload) {
        case Workload::routes: break;
        case Workload::nat: return {all(Treatment::translated)};
        case Workload::gre:
        case Workload::ipip: return {all(Treatment::tunnelled)};
        case Workload::mixed:
            return {all(Treatment::none),
                    {Treatment::translated, o.nat_hosts, o.destinations},
                    {Treatment::tunnelled, o.left.hosts, {o.tunnel_hosts}}};
    }
    return {all(Treatment::none)};
}

std::optional<Tunnels> tunnels_wished(const Options& o) {
    if (o.workload == Workload::routes || o.workload == Workload::nat) return {};
    const bool is_gre = o.workload != Workload::ipip;
    Tunnel first{
        is_gre ? net::Protocol::gre : net::Protocol::ipip, o.tunnel_own, o.tunnel_router, {}};
    if (is_gre) first.key = o.gre_key;
    return Tunnels{first, o.tunnels, o.tunnel_hosts};
}

std::optional<Replay> replay_wished(const Options& o) {
    if (o.pcap_file.empty()) return {};
    return Replay(o.pcap_file);
}

uint32_t mtu_for(const Options& o, const std::optional<Replay>& replay) {
    const uint32_t largest = replay
                                 ? replay->longest()
                                 : std::ranges::max(o.sizes) - frame_check_length - ethernet_length;
    const auto tunnels = tunnels_wished(o);
    return std::max<uint32_t>(largest + (tunnels ? tunnels->first.overhead() : 0), 1500);
}

}  // namespace

Generator::Generator(const Options& options, double tsc_hz, const std::atomic<bool>& stop)
    : options_(options),
      hz_(tsc_hz),
      stop_(stop),
      pools_(options.buffers),
      flows_({options.flows, groups_wished(options), options.draw, options.seed}),
      tunnels_(tunnels_wished(options)),
      replay_(replay_wished(options)),
      left_("left", options.left, mtu_for(options, replay_), options.descriptors),
      right_("right", options.right, mtu_for(options, replay_), options.descriptors),
      scattered_(UINT16_MAX) {
    if (flows_.count_of(Treatment::translated) > 0) translations_.emplace(flows_.count());
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
    const Tunnels* tunnels = tunnels_ ? &*tunnels_ : nullptr;
    Translations* translations = translations_ ? &*translations_ : nullptr;
    const Expected expected{d, options_.hops, to_right ? tunnels : nullptr,
                            to_right ? translations : nullptr, replay_.has_value()};
    Stream stream{nullptr, std::make_unique<Checker>(expected, flows_), nullptr};
    if (!is_wanted(d)) return stream;  // but what comes there is looked at: ICMP errors do
    const SenderWish wish{d, to_right ? nullptr : tunnels, options_.sizes,
                          to_right ? options_.new_flows : 0, replay_ ? &*replay_ : nullptr};
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
        s.sender->begin(run_, replies ? Walk::Over::open : over);
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
        const unsigned taken = s.sender->send(std::min(due, packets_left_), now);
        packets_left_ -= taken;
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
    for (unsigned i = 0; i < count; ++i) fetch_ahead(*buffers[i]);
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

TrialResult Generator::run(const TrialWish& wish) {
    begin(Walk::Over::all);
    pace(wish.pps);
    const uint64_t start = read_tsc(), every = cycles(wish.every_s);
    const uint64_t end = wish.seconds > 0 ? start + cycles(wish.seconds) : ~uint64_t{0};
    packets_left_ = wish.packets > 0 ? wish.packets : ~uint64_t{0};
    uint64_t now = start, look_at = start + every;
    for (; now < end && packets_left_ > 0 && !stop_.load(std::memory_order_relaxed);
         now = read_tsc()) {
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
    if (translations_) trial.shared_translations = count_shared(flows_, *translations_);
    trial.interrupted = now < end && packets_left_ > 0;
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
