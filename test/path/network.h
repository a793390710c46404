// SPDX-License-Identifier: BSD-3-Clause
// The network that most path tests play in:
//
//   host 10.0.0.9 ─── lan 10.0.0.1/24 ┐
//                                     ├ router ─ wan 203.0.113.2/24 ─── gateway 203.0.113.1 ─ 192/8
//   peer 172.16.0.9 ─ dmz 172.16.0.1/24 ┘
//
// The host, the peer and the gateway are known neighbours. There is no default route.
#pragma once
#include <string>

#include "test/support/requirement.h"
#include "test/support/test_router.h"

namespace sluice::test {

using namespace std::chrono_literals;

// JSON members to add, each with its comma in front where it needs one.
struct Wishes {
    std::string lan = {}, wan = {}, dmz = {};
    std::string routes = {};
    std::string rest = {};
};

inline std::string config_of(const Wishes& wishes) {
    return R"({ "interfaces": {
      "dmz": { "device": "net_null2", "addresses": ["172.16.0.1/24"])" +
           wishes.dmz + R"( },
      "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"])" +
           wishes.lan + R"( },
      "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"])" +
           wishes.wan + R"( } },
    "routes": [ { "prefix": "192.0.0.0/8", "via": "203.0.113.1" })" +
           wishes.routes + "]" + wishes.rest + "}";
}

struct Network {
    explicit Network(const Wishes& wishes = {}) : router(config_of(wishes)) { introduce(); }
    // Anew, after a time in which neighbours have aged.
    void introduce() {
        router.knows("lan", "10.0.0.9", host);
        router.knows("dmz", "172.16.0.9", peer);
        router.knows("wan", "203.0.113.1", gateway);
    }
    const net::MacAddress host = mac("02:00:00:00:00:99");
    const net::MacAddress peer = mac("02:00:00:00:02:09");
    const net::MacAddress gateway = mac("02:00:00:00:01:01");
    TestRouter router;
};

// The one frame that was sent; fails the test, and gives an empty one, where it is not one.
inline Sent only(const std::vector<Sent>& sent) {
    if (sent.size() == 1) return sent[0];
    std::string all;
    for (const Sent& s : sent) all += "\n  " + s.interface + ": " + s.frame.describe();
    ADD_FAILURE() << sent.size() << " frames were sent instead of one" << all;
    return {"", Frame(Bytes(128))};
}

// An ICMP error: who it goes to, and that it is whole.
inline testing::AssertionResult is_error(const std::vector<Sent>& sent, uint8_t type, uint8_t code,
                                         std::string_view from, std::string_view to) {
    const Sent s = only(sent);
    if (!s.frame.is_icmp(type, code) || !s.frame.checksums_hold() ||
        s.frame.ipv4().source_address() != ip(from) ||
        s.frame.ipv4().destination_address() != ip(to)) {
        return testing::AssertionFailure() << s.interface << ": " << s.frame.describe();
    }
    return testing::AssertionSuccess();
}

// For what must hold the fast way and the plain way: TEST_P over both.
class BothWays : public ::testing::TestWithParam<bool> {
  protected:
    void use_way(TestRouter& router) const {
        if (GetParam()) router.use_plain_way_only();
    }
    // Of the network without wishes.
    Network& network() {
        if (!network_) {
            network_ = std::make_unique<Network>();
            use_way(network_->router);
        }
        return *network_;
    }
    TestRouter& router() { return network().router; }

  private:
    std::unique_ptr<Network> network_;
};
#define TEST_BOTH_WAYS(Suite)                                                           \
    INSTANTIATE_TEST_SUITE_P(BothWays, Suite, ::testing::Bool(), [](const auto& info) { \
        return std::string(info.param ? "PlainWay" : "FastWay");                        \
    })

}  // namespace sluice::test
