// SPDX-License-Identifier: BSD-3-Clause
// Two sites joined by tunnels through the network of network.h:
//
//   host 10.0.0.9 ─ lan ┐                                    ┌ 10.9/16  behind "there"
//                       ├ router ═ there (198.51.100.9) ═══ ┤
//   gateway ─────── wan ┘        ═ other (198.51.100.10) ══ └ 10.10/16 behind "other"
//
// "there" is 172.31.0.1/30, "other" has no address. The remotes are behind the gateway.
#pragma once
#include <string>
#include <vector>

#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {

struct TunnelWishes {
    std::string there = R"("type": "gre")";
    std::string other = R"("type": "ipip")";
    std::string routes = {};
    std::string rest = {};
    std::string wan = {};
};

inline Wishes with_tunnels(const TunnelWishes& wishes) {
    return {.wan = wishes.wan,
            .routes = R"(, { "prefix": "198.51.100.0/24", "via": "203.0.113.1" },
              { "prefix": "10.9.0.0/16", "interface": "there" },
              { "prefix": "10.10.0.0/16", "interface": "other" })" +
                      wishes.routes,
            .rest = R"(, "tunnels": {
              "there": { "local": "203.0.113.2", "remote": "198.51.100.9",
                         "addresses": ["172.31.0.1/30"], )" +
                    wishes.there + R"( },
              "other": { "local": "203.0.113.2", "remote": "198.51.100.10", )" +
                    wishes.other + " } }" + wishes.rest};
}

// The bytes from the IP header on.
inline Bytes ip_bytes(const Bytes& frame) { return Bytes(frame.begin() + 14, frame.end()); }

inline Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline Bytes words(std::initializer_list<uint16_t> list) {
    Bytes bytes;
    for (const uint16_t w : list) {
        bytes.push_back(static_cast<uint8_t>(w >> 8));
        bytes.push_back(static_cast<uint8_t>(w));
    }
    return bytes;
}

inline uint16_t word_at(const Frame& frame, size_t at) {
    return static_cast<uint16_t>(frame.bytes().at(at) << 8 | frame.bytes().at(at + 1));
}

constexpr uint8_t gre_protocol = 47, ipip_protocol = 4;

// From the remote of "there" to us; `gre` is the GRE header.
inline Ipv4Builder from_there(const Bytes& gre, const Bytes& inner) {
    return ipv4()
        .from("198.51.100.9")
        .to("203.0.113.2")
        .protocol(gre_protocol)
        .payload(gre + inner);
}
inline Ipv4Builder from_other(const Bytes& inner) {
    return ipv4().from("198.51.100.10").to("203.0.113.2").protocol(ipip_protocol).payload(inner);
}
inline const Bytes plain_gre = words({0, 0x0800});

// A packet of the other site to the host.
inline Ipv4Builder inner() { return ipv4().from("10.9.0.5").to("10.0.0.9").ttl(40); }

// What is behind the outer headers.
inline Frame taken_out(const Frame& outer, size_t headers) {
    Bytes frame(14);
    frame[12] = 8;
    return Frame(frame + Bytes(outer.bytes().begin() + 14 + static_cast<long>(headers),
                               outer.bytes().end()));
}

class Tunnelling : public BothWays {
  protected:
    TestRouter& router_with(const TunnelWishes& wishes) {
        network_ = std::make_unique<Network>(with_tunnels(wishes));
        use_way(network_->router);
        return network_->router;
    }
    Network& network() { return *network_; }

  private:
    std::unique_ptr<Network> network_;
};

}  // namespace sluice::test
