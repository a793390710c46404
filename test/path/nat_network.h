// SPDX-License-Identifier: BSD-3-Clause
// The network of network.h with rules of the NAT, and what a test asks of a translated packet.
#pragma once
#include "test/path/network.h"

namespace sluice::test {

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

class NatBothWays : public BothWays {
  protected:
    // `rules`: members of "nat". `rest`: members of the configuration, each with its comma in
    // front.
    std::unique_ptr<Network> with_rules(const std::string& rules, const std::string& rest = "") {
        auto net = std::make_unique<Network>(Wishes{.rest = R"(, "nat": [)" + rules + "]" + rest});
        use_way(net->router);
        return net;
    }
};

}  // namespace sluice::test
