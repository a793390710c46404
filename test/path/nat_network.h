// SPDX-License-Identifier: BSD-3-Clause
// The network of network.h with rules of the NAT, and what a test asks of a translated packet.
#pragma once
#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {

inline constexpr uint8_t ipip = 4, gre = 47;                              // protocols
inline constexpr uint8_t fin = 0x01, syn = 0x02, rst = 0x04, ack = 0x10;  // flags of TCP

inline std::string source_of(const Sent& s) {
    return net::to_string(s.frame.ipv4().source_address());
}
inline std::string destination_of(const Sent& s) {
    return net::to_string(s.frame.ipv4().destination_address());
}
inline uint16_t word_at(const Bytes& bytes, size_t at) {
    return static_cast<uint16_t>(bytes.at(at) << 8 | bytes.at(at + 1));
}
inline uint16_t source_port(const Sent& s) { return word_at(s.frame.ip_payload(), 0); }
inline uint16_t destination_port(const Sent& s) { return word_at(s.frame.ip_payload(), 2); }

// "wan 203.0.113.2:4000 > 192.0.2.1:53", and whether that is all that is to be said.
inline std::string flow_of(const Sent& s) {
    return s.interface + " " + source_of(s) + ":" + std::to_string(source_port(s)) + " > " +
           destination_of(s) + ":" + std::to_string(destination_port(s)) +
           (s.frame.checksums_hold() ? "" : ", with a false checksum");
}
inline std::string at_port(const std::string& before, uint16_t port, const std::string& after) {
    return before + ":" + std::to_string(port) + after;
}

// An echo request (8) or reply (0).
inline Ipv4Builder echo(uint8_t type, uint16_t id, const Bytes& data = {'p', 'i', 'n', 'g'}) {
    Bytes message{type, 0, 0, 0, static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id), 0, 1};
    message.insert(message.end(), data.begin(), data.end());
    const net::Be16 sum = net::checksum_of(net::sum_words(message.data(), message.size()));
    std::memcpy(message.data() + 2, static_cast<const void*>(&sum), 2);
    return ipv4().protocol(static_cast<uint8_t>(net::Protocol::icmp)).payload(message);
}

// The packet of a frame, as an ICMP error quotes it.
inline Bytes packet_in(const Bytes& frame) {
    const uint16_t length = word_at(frame, 16);
    return Bytes(frame.begin() + 14, frame.begin() + 14 + length);
}

// Time passes at one stroke. The NAT looks through all its sessions, as it does within a second.
// Returns what it sends.
inline std::vector<Sent> let_pass(Network& net, std::chrono::seconds time) {
    auto sent = net.router.does([&](Context& c) {
        c.now_ns += static_cast<uint64_t>(std::chrono::nanoseconds(time).count());
        for (unsigned i = 0; i < 256; ++i) tick(c);
    });
    net.introduce();
    net.router.knows("lan", "10.0.0.8", mac("02:00:00:00:00:88"));
    return sent;
}

inline constexpr const char* inside = "10.0.0.9";
inline constexpr const char* neighbour = "10.0.0.8";  // inside too
inline constexpr const char* remote = "192.0.2.1";
inline constexpr const char* outside = "203.0.113.2";  // the router's own address

class NatBothWays : public BothWays {
  protected:
    // `rules`: members of "nat". `rest`: members of the configuration, each with its comma in
    // front.
    std::unique_ptr<Network> with_rules(const std::string& rules, const std::string& rest = "") {
        return with_rules(rules, Wishes{.rest = rest});
    }
    std::unique_ptr<Network> with_rules(const std::string& rules, Wishes wishes) {
        wishes.rest = R"(, "nat": [)" + rules + "]" + wishes.rest;
        auto net = std::make_unique<Network>(wishes);
        net->router.knows("lan", neighbour, mac("02:00:00:00:00:88"));
        use_way(net->router);
        return net;
    }
    // The LAN behind the router's own address, or a pool. `more`: members of the rule, each with
    // its comma in front.
    static std::string source_rule(const std::string& more = "",
                                   const std::string& to = "interface") {
        return R"({"name": "internet", "type": "source", "out": "wan", "from": "10.0.0.0/24",
                   "to": ")" +
               to + R"(")" + more + "}";
    }
    std::unique_ptr<Network> with_source_rule(const std::string& more = "",
                                              const std::string& rest = "") {
        return with_rules(source_rule(more), rest);
    }
};

}  // namespace sluice::test
