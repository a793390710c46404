// SPDX-License-Identifier: BSD-3-Clause
// Random rules of the NAT, and random packets of given ends.
#pragma once
#include <algorithm>
#include <random>

#include "test/path/nat_network.h"

namespace sluice::test {

inline constexpr uint8_t icmp = 1, tcp = 6, udp = 17;

class Dice {
  public:
    explicit Dice(uint32_t seed) : random_(seed) {}
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }
    template <typename T>
    T of(const std::vector<T>& all) {
        return all[below(static_cast<unsigned>(all.size()))];
    }
    template <typename T>
    void shuffle(std::vector<T>& all) {
        std::shuffle(all.begin(), all.end(), random_);
    }

  private:
    std::mt19937 random_;
};

// Who speaks to whom. An identifier is the port of who asks.
struct Ends {
    uint8_t protocol = 0;
    std::string from, to;
    uint16_t from_port = 0, to_port = 0;
    auto operator<=>(const Ends&) const = default;

    Ends turned() const { return {protocol, to, from, to_port, from_port}; }
    std::string text() const {
        return std::to_string(protocol) + " " + from + ":" + std::to_string(from_port) + " > " +
               to + ":" + std::to_string(to_port);
    }
};

inline Ends ends_of(const Sent& s) {
    Ends e{s.frame.ipv4().protocol, source_of(s), destination_of(s), 0, 0};
    if (e.protocol == tcp || e.protocol == udp) {
        e.from_port = source_port(s);
        e.to_port = destination_port(s);
    } else if (e.protocol == icmp) {
        (s.frame.icmp().type == 8 ? e.from_port : e.to_port) = word_at(s.frame.ip_payload(), 4);
    }
    return e;
}

inline Bytes packet_of(const Ends& e, uint8_t tcp_flags, Dice& dice) {
    Bytes data(dice.below(100));
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(dice.below(256));
    Ipv4Builder b = e.protocol != icmp ? ipv4().payload(data)
                    : e.from_port != 0 ? echo(8, e.from_port, data)
                                       : echo(0, e.to_port, data);
    if (e.protocol == udp) b.udp(e.from_port, e.to_port);
    if (e.protocol == tcp) b.tcp(e.from_port, e.to_port, tcp_flags);
    if (e.protocol == gre) b.protocol(gre);
    if (e.protocol == udp && dice.one_in(4)) b.no_transport_checksum();
    if (dice.one_in(3)) b.dont_fragment();
    b.tos(static_cast<uint8_t>(dice.below(256))).id(static_cast<uint16_t>(dice.below(65536)));
    return b.from(e.from).to(e.to);
}

// What the NAT has no business with.
inline Bytes untouched(const Bytes& frame) {
    Bytes packet = packet_in(frame);
    const auto hide = [&](size_t at, size_t count) {
        std::fill_n(packet.begin() + static_cast<long>(at), count, uint8_t{0});
    };
    const uint8_t protocol = packet.at(9);
    hide(8, 1);
    hide(10, 10);
    if (protocol == udp || protocol == tcp) hide(20, 4);
    if (protocol == udp) hide(26, 2);
    if (protocol == tcp) hide(36, 2);
    if (protocol == icmp) hide(22, 4);
    return packet;
}

inline std::string random_rules(Dice& dice) {
    const auto choices = [&] {
        return std::string(R"(, "mapping": ")") +
               (dice.one_in(3) ? "endpoint-dependent" : "endpoint-independent") +
               R"(", "filtering": ")" +
               dice.of<std::string>(
                   {"endpoint-independent", "address-dependent", "address-and-port-dependent"}) +
               R"(", "pooling": ")" + (dice.one_in(2) ? "paired" : "arbitrary") +
               R"(", "parity": )" + (dice.one_in(2) ? "true" : "false") +
               R"(, "inbound_refresh": )" + (dice.one_in(2) ? "true" : "false") + "}";
    };
    std::vector<std::string> rules{
        R"({"type": "exempt", "from": "10.0.0.0/24", "destination": "192.0.2.3"})",
        R"({"type": "static", "in": "wan", "out": "wan", "external": "203.0.113.72/30",
            "internal": "10.0.0.8/30"})",
        R"({"type": "dynamic", "out": "wan", "from": "10.0.0.4-10.0.0.6",
            "to": "203.0.113.64-203.0.113.65"})",
        R"({"type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
            "to": ["10.0.0.2:8080", "10.0.0.3:8080"]})",
        R"({"type": "forward", "in": "wan", "protocol": "udp", "port": "5000-5003",
            "to": "10.0.0.7:6000", "out": "lan", "source": "interface"})",
        R"({"type": "source", "out": "wan", "from": "10.0.0.2-10.0.0.3", "protocol": "udp",
            "to": "203.0.113.80-203.0.113.82", "ports": "4000-4031")" +
            choices(),
        R"({"type": "source", "out": "wan", "from": "10.0.0.0/24", "to": "interface",
            "ports": "2000-2255")" +
            choices()};
    dice.shuffle(rules);
    rules.resize(3 + dice.below(5));
    std::string all;
    for (const std::string& rule : rules) all += (all.empty() ? "" : ",") + rule;
    return all;
}

inline std::string neighbours() {
    std::string all = R"(, "neighbours": [{"interface": "wan", "address": "203.0.113.1",
                          "mac": "02:00:00:00:01:01"})";
    for (unsigned host = 2; host < 12; ++host) {
        all += R"(, {"interface": "lan", "address": "10.0.0.)" + std::to_string(host) +
               R"(", "mac": "02:00:00:00:00:0)" + "23456789ab"[host - 2] + R"("})";
    }
    return all + "]";
}

}  // namespace sluice::test
