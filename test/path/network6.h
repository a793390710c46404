// SPDX-License-Identifier: BSD-3-Clause
// The network that tests of IPv6 play in:
//
//   host 2001:db8:1::9 ─ lan 2001:db8:1::1/64 ┐
//                                             ├ router ─ wan 2001:db8:ff::2/64 ─ gateway ::1 ─
//                                             db8:9
//   (no IPv6) ─────────── dmz 172.16.0.1/24 ──┘            203.0.113.2/24
//
//   there: GRE to 198.51.100.9, 2001:db8:aa::1/64, db8:90 behind it
//   other: IP in IP to 198.51.100.10, without an address, db8:91 behind it
#pragma once
#include <string>

#include "test/path/network.h"
#include "test/path/tunnel_network.h"
#include "test/support/frame6.h"

namespace sluice::test {

struct Wishes6 {
    std::string lan = {}, wan = {}, routes = {}, rest = {};
    std::string there = R"("type": "gre")";
    std::string other = R"("type": "ipip")";
};

inline std::string config6_of(const Wishes6& wishes) {
    return R"({ "interfaces": {
      "dmz": { "device": "net_null2", "addresses": ["172.16.0.1/24"] },
      "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24", "2001:db8:1::1/64"])" +
           wishes.lan + R"( },
      "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24", "2001:db8:ff::2/64"])" +
           wishes.wan + R"( } },
    "tunnels": {
      "there": { "local": "203.0.113.2", "remote": "198.51.100.9",
                 "addresses": ["2001:db8:aa::1/64"], )" +
           wishes.there + R"( },
      "other": { "local": "203.0.113.2", "remote": "198.51.100.10", )" +
           wishes.other + R"( } },
    "routes": [ { "prefix": "198.51.100.0/24", "via": "203.0.113.1" },
                { "prefix": "2001:db8:9::/48", "via": "2001:db8:ff::1" },
                { "prefix": "2001:db8:90::/48", "interface": "there" },
                { "prefix": "2001:db8:91::/48", "interface": "other" },
                { "prefix": "2001:db8:b::/48", "type": "blackhole" },
                { "prefix": "2001:db8:c::/48", "type": "unreachable" },
                { "prefix": "2001:db8:d::/48", "type": "prohibit" })" +
           wishes.routes + "]" + wishes.rest + "}";
}

class Ipv6Network : public ::testing::Test {
  protected:
    TestRouter& router_with(const Wishes6& wishes) {
        router_ = std::make_unique<TestRouter>(config6_of(wishes));
        router_->knows("lan", "2001:db8:1::9", host);
        router_->knows("wan", "2001:db8:ff::1", gateway);
        router_->knows("wan", "203.0.113.1", gateway);
        return *router_;
    }
    TestRouter& router() { return router_ ? *router_ : router_with({}); }
    std::string link_local(std::string_view interface) {
        return net::to_string(net::link_local_of(router().mac_of(interface)));
    }

    const net::MacAddress host = mac("02:00:00:00:00:99");
    const net::MacAddress gateway = mac("02:00:00:00:01:01");

  private:
    std::unique_ptr<TestRouter> router_;
};

// An ICMPv6 error to `to`: whose it is, that it is whole, and no longer than any link takes.
inline testing::AssertionResult is_error6(const std::vector<Sent>& sent, uint8_t type, uint8_t code,
                                          std::string_view from, std::string_view to) {
    const Sent s = only(sent);
    if (!is_icmp6(s.frame, type, code) || !checksum6_holds(s.frame) ||
        ipv6_of(s.frame).source_address() != ip6(from) ||
        ipv6_of(s.frame).destination_address() != ip6(to) ||
        s.frame.size() > 14 + net::least_ipv6_mtu) {
        return testing::AssertionFailure() << s.interface << ": " << s.frame.describe();
    }
    return testing::AssertionSuccess();
}

// The value of an error's second word: MTU, pointer.
inline uint32_t word_of(const Frame& error) {
    const net::IcmpHeader& m = icmp6_of(error);
    return static_cast<uint32_t>(m.word1.host()) << 16 | m.word2.host();
}

}  // namespace sluice::test
