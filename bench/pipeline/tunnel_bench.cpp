// SPDX-License-Identifier: BSD-3-Clause
// Tunnels: cycles of the pipeline's own work for a packet that enters one or leaves one, GRE, GRE
// in UDP and IP in IP, 1 and 1,000 tunnels, beside plain forwarding with the same routes. Packets
// of 64 bytes, and IMIX (7 of 64, 4 of 594, 1 of 1418, so that outer ones fit 1500), uniform over
// the tunnels.
#include <array>
#include <memory>
#include <random>

#include <fmt/format.h>

#include "bench/pipeline/bench_router.h"
#include "bench/pipeline/bursts.h"
#include "lib/net/checksum.h"

namespace sluice::bench {
namespace {

enum class Way { plain, enter, leave };
enum class Size { small, imix };
enum class Form { gre, gre_udp, ipip };

constexpr uint8_t ipip_protocol = 4, udp_protocol = 17, gre_protocol = 47;
constexpr std::array<const char*, 3> form_names{"gre", "gre_udp", "ipip"};
constexpr std::array<const char*, 3> form_settings{
    R"("type": "gre")", R"("type": "gre", "udp_port": 4754)", R"("type": "ipip")"};

net::Ipv4Address remote(unsigned n) {
    return net::addr(12, 0, static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n));
}
// Behind tunnel n.
net::Ipv4Address behind(unsigned n) {
    return net::addr(11, static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n), 7);
}

std::string tunnels(Form form, unsigned count) {
    std::string json = ", \"tunnels\": {", routes = ", \"routes\": [";
    for (unsigned n = 0; n < count; ++n) {
        const char* comma = n > 0 ? ", " : "";
        json += fmt::format(R"({}"t{}": {{{}, "local": "10.0.0.1", "remote": "{}"}})", comma, n,
                            form_settings[static_cast<size_t>(form)], net::to_string(remote(n)));
        routes += fmt::format(R"({}{{"prefix": "{}/24", "interface": "t{}"}})", comma,
                              net::to_string(net::Ipv4Prefix::of(behind(n), 24).address), n);
    }
    return json + "}" + routes + "]";
}

using Frame = std::vector<uint8_t>;

void append_ipv4(Frame& frame, net::Ipv4Address from, net::Ipv4Address to, uint8_t protocol,
                 size_t payload) {
    net::Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.total_length = net::be16(static_cast<uint16_t>(sizeof ip + payload));
    ip.ttl = 64;
    ip.protocol = protocol;
    ip.source = net::be32(from.value);
    ip.destination = net::be32(to.value);
    net::fill_checksum(ip);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&ip);
    frame.insert(frame.end(), bytes, bytes + sizeof ip);
}

void append_udp(Frame& frame, uint16_t source, uint16_t destination, size_t payload) {
    for (const size_t word : {size_t{source}, size_t{destination}, 8 + payload, size_t{0}}) {
        frame.push_back(static_cast<uint8_t>(word >> 8));
        frame.push_back(static_cast<uint8_t>(word));
    }
}

// What the other end of tunnel n puts in front of a packet.
void append_outer(Frame& frame, Form form, unsigned n, size_t ip_bytes) {
    const auto ipv4 = [&](uint8_t protocol, size_t payload) {
        append_ipv4(frame, remote(n), net::addr(10, 0, 0, 1), protocol, payload);
    };
    if (form == Form::ipip) return ipv4(ipip_protocol, ip_bytes);
    const size_t in_gre = 4 + ip_bytes;
    if (form == Form::gre_udp) {
        ipv4(udp_protocol, 8 + in_gre);
        append_udp(frame, static_cast<uint16_t>(49152 + n), 4754, in_gre);
    } else {
        ipv4(gre_protocol, in_gre);
    }
    frame.insert(frame.end(), {0, 0, 8, 0});
}

Frame frame_of(Way way, Form form, unsigned n, size_t ip_bytes) {
    Frame frame;
    if (way == Way::leave) append_outer(frame, form, n, ip_bytes);
    const auto to = way == Way::enter ? behind(n) : net::addr(13, 0, 0, static_cast<uint8_t>(n));
    append_ipv4(frame, net::addr(10, 0, 0, 9), to, udp_protocol,
                ip_bytes - sizeof(net::Ipv4Header));
    frame.resize(frame.size() + ip_bytes - sizeof(net::Ipv4Header));
    return frame;
}

size_t size_of(Size size, unsigned n) {
    constexpr size_t small = 46, middle = 576, large = 1400;  // IP packets
    if (size == Size::small || n % 12 < 7) return small;
    return n % 12 < 11 ? middle : large;
}

void carry(benchmark::State& state, Way way, Form form, unsigned count, Size size) {
    BenchRouter router(64, tunnels(form, count));
    std::vector<fib::Route> elsewhere;  // 64 next hops, dealt out to remotes and the plain packets
    for (unsigned n = 0; n < 256; ++n) {
        const auto hop = static_cast<fib::NextHopId>(n % 64 + 1);
        elsewhere.push_back(
            {net::Ipv4Prefix::of(net::addr(12, 0, 0, static_cast<uint8_t>(n)), 32), hop});
        elsewhere.push_back(
            {net::Ipv4Prefix::of(net::addr(13, 0, 0, static_cast<uint8_t>(n)), 32), hop});
    }
    elsewhere.push_back({net::Ipv4Prefix{}, 1});
    router.add(elsewhere);

    std::mt19937 random(7);
    std::vector<Frame> frames;
    for (unsigned n = 0; n < 4096; ++n) {
        frames.push_back(
            frame_of(way, form, static_cast<unsigned>(random() % count), size_of(size, n)));
    }
    Bursts bursts(router);
    size_t at = 0;
    for (auto _ : state) {
        router.fill(std::span(frames).subspan(at, burst_size));
        at = (at + burst_size) % frames.size();
        bursts.run(burst_size);
    }
    bursts.report(state);
    if (way != Way::plain) state.counters["tunnels"] = count;
    const uint64_t plain = bursts.packets_of(layout::Stage::plain);
    if (plain > 0) {
        const auto told =
            fmt::format("{} of {} packets took the plain way", plain, bursts.packets());
        state.SkipWithError(told.c_str());
    }
}

void add_tunnels(Form form, unsigned count, const char* suffix, Size size) {
    const char* name = form_names[static_cast<size_t>(form)];
    add_benchmark(fmt::format("pipeline/{}_encap/tunnels:{}{}", name, count, suffix),
                  [=](auto& state) { carry(state, Way::enter, form, count, size); });
    add_benchmark(fmt::format("pipeline/{}_decap/tunnels:{}{}", name, count, suffix),
                  [=](auto& state) { carry(state, Way::leave, form, count, size); });
}

}  // namespace

void register_tunnels() {
    for (const auto& [suffix, size] :
         {std::pair{"", Size::small}, std::pair{"/imix", Size::imix}}) {
        // To one destination, and to as many as there are tunnels, for each is a miss.
        add_benchmark(std::string("pipeline/tunnels_beside") + suffix,
                      [size = size](auto& state) { carry(state, Way::plain, Form::gre, 1, size); });
        add_benchmark(
            std::string("pipeline/tunnels_beside/tunnels:1000") + suffix,
            [size = size](auto& state) { carry(state, Way::plain, Form::gre, 1000, size); });
        for (const Form form : {Form::gre, Form::gre_udp, Form::ipip}) {
            for (const unsigned count : {1u, 100u, 1000u}) add_tunnels(form, count, suffix, size);
        }
    }
}

}  // namespace sluice::bench
