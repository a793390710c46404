// SPDX-License-Identifier: BSD-3-Clause
// The NAT through the API: rules and sessions as they are shown, and the wish to clear some.
#include <gtest/gtest.h>

#include "lib/flow/table.h"
#include "lib/layout/nat_region.h"
#include "test/control/api/router_memory.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr auto with_nat = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] }
  },
  "nat": [
    { "name": "internet", "type": "source", "from": "10.0.0.0/8", "out": "wan", "to": "interface" },
    { "name": "web", "type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
      "to": [{ "address": "10.0.0.10:8080", "weight": 3 }] }
  ]
})";

struct Flow {
    uint8_t protocol;
    net::Ipv4Address internal, external, remote;
    uint16_t internal_port, external_port, remote_port;
    uint16_t rule;
    uint32_t state = 0;
};

// The dataplane's part: a region with a table of sessions.
class NatMemory {
  public:
    enum class AtItsEnd { remove, leave };
    NatMemory(std::filesystem::path run, uint32_t sessions, AtItsEnd end = AtItsEnd::remove)
        : run_(std::move(run)), end_(end) {
        const size_t mappings = nat::Mappings::bytes_for(1);
        const size_t table = flow::Table::bytes_for(sessions);
        const size_t size = sizeof(layout::NatRegion) + mappings + table;
        region_ = shm::Region::own(run_, layout::nat_region_layout(size), shm::WhenForeign::refuse);
        auto& head = region_.as<layout::NatRegion>();
        head.mappings.offset = sizeof(layout::NatRegion);
        head.mappings.size = mappings;
        head.sessions.offset = sizeof(layout::NatRegion) + mappings;
        head.sessions.size = table;
        std::byte* at = &region_.as<std::byte>();
        blocks_ = reinterpret_cast<nat::AddressBlock*>(at + head.mappings.offset);
        table_ = std::make_unique<flow::Table>(std::span(at + head.sessions.offset.load(), table),
                                               sessions);
        table_->adopt(0);
    }
    ~NatMemory() {
        if (end_ == AtItsEnd::leave) return;
        std::error_code ignored;
        std::filesystem::remove(std::filesystem::read_symlink(run_ / "sessions", ignored), ignored);
    }

    size_t size() const { return region_.size(); }
    layout::NatRegion& head() { return region_.as<layout::NatRegion>(); }
    nat::AddressBlock& block(unsigned n) { return blocks_[n]; }
    void put(uint32_t place, const Flow& f) {
        flow::Session& session = table_->session(place);
        const auto key = [&](net::Ipv4Address source, uint16_t source_port,
                             net::Ipv4Address destination, uint16_t destination_port) {
            return flow::FlowKey{net::Be32::from_host(source.value),
                                 net::Be32::from_host(destination.value),
                                 net::Be16::from_host(source_port),
                                 net::Be16::from_host(destination_port),
                                 f.protocol,
                                 0,
                                 {}};
        };
        session.facts.keys[0] = key(f.internal, f.internal_port, f.remote, f.remote_port);
        session.facts.keys[1] = key(f.remote, f.remote_port, f.external, f.external_port);
        session.facts.rule = f.rule;
        const auto now = static_cast<uint32_t>(control::monotonic_ns() / 1'000'000'000);
        session.facts.created = now - 100;
        session.last_seen = now - 10;
        session.state = f.state;
        session.commit = flow::Session::commit_word(1, flow::Condition::live);
    }

  private:
    std::filesystem::path run_;
    AtItsEnd end_;
    shm::Region region_;
    nat::AddressBlock* blocks_;
    std::unique_ptr<flow::Table> table_;
};

Flow udp_flow(uint8_t host, uint16_t rule) {
    return {17,
            net::addr(10, 0, 0, host),
            net::addr(203, 0, 113, 2),
            net::addr(192, 0, 2, 1),
            4000,
            uint16_t(40000 + host),
            53,
            rule};
}

TEST(NatApi, ShowsRulesInTheirOrderWithWhatTheyMatch) {
    test::ControlRoom room(with_nat);
    const json rules = room.call("nat.list")["result"]["rules"];
    ASSERT_EQ(rules.size(), 2u);
    EXPECT_EQ(rules[0]["name"], "internet");
    EXPECT_EQ(rules[0]["type"], "source");
    EXPECT_EQ(rules[0]["from"], json::array({"10.0.0.0/8"}));
    EXPECT_EQ(rules[0]["external"], json::array({"203.0.113.2"}));
    EXPECT_EQ(rules[0]["ports"], "1024-65535");
    EXPECT_EQ(rules[0]["packets"], 0);
    EXPECT_EQ(rules[1]["protocol"], "tcp");
    EXPECT_EQ(rules[1]["ports"], "80");
    EXPECT_EQ(rules[1]["targets"][0],
              config::parse_json(R"({"address": "10.0.0.10:8080", "weight": 3,
                                                       "health": null})"));
}

TEST(NatApi, ShowsNoSessionsWhileThereIsNoMemoryOfThem) {
    test::ControlRoom room(with_nat);
    const json answer = room.call("session.list")["result"];
    EXPECT_EQ(answer["sessions"], json::array());
    EXPECT_EQ(answer["next"], nullptr);
    EXPECT_EQ(answer["capacity"], 0);
}

TEST(NatApi, ShowsWhoSpeaksToWhomAndAsWhom) {
    test::ControlRoom room(with_nat);
    NatMemory memory(room.run(), 256);
    const uint16_t internet = room.control().intent.nat().rules[0].id;
    Flow tcp = udp_flow(9, internet);
    tcp.protocol = 6;
    tcp.state = 3 << 8;
    memory.put(7, tcp);
    const json row = room.call("session.list")["result"]["sessions"][0];
    EXPECT_EQ(row, config::parse_json(R"({"protocol": "tcp", "internal": "10.0.0.9:4000",
        "external": "203.0.113.2:40009", "remote": "192.0.2.1:53", "state": "established",
        "age_s": 100, "idle_s": 10, "rule": "internet"})"));
}

TEST(NatApi, ShowsSessionsPageByPage) {
    test::ControlRoom room(with_nat);
    NatMemory memory(room.run(), 256);
    for (uint8_t n = 0; n < 200; ++n) memory.put(n, udp_flow(n, 1));
    std::set<std::string> seen;
    json from = 0;
    unsigned pages = 0;
    for (; !from.is_null(); ++pages) {
        const json page = room.call("session.list", {{"from", from}, {"limit", 60}})["result"];
        EXPECT_LE(page["sessions"].size(), 60u);
        for (const json& row : page["sessions"]) {
            EXPECT_TRUE(seen.insert(row["internal"]).second);
        }
        from = page["next"];
    }
    EXPECT_EQ(seen.size(), 200u);
    EXPECT_EQ(pages, 4u);
    EXPECT_EQ(room.call("session.list", {{"every", 10}})["result"]["sessions"].size(), 20u);
}

TEST(NatApi, ShowsOnlySessionsThatMatchAllThatIsAskedFor) {
    test::ControlRoom room(with_nat);
    NatMemory memory(room.run(), 256);
    const layout::NatRule* rules = room.control().intent.nat().rules;
    memory.put(1, udp_flow(9, rules[0].id));
    memory.put(2, udp_flow(10, rules[1].id));
    Flow tcp = udp_flow(11, rules[0].id);
    tcp.protocol = 6;
    tcp.remote_port = 443;
    memory.put(3, tcp);
    const auto count = [&](const json& params) {
        return room.call("session.list", params)["result"]["sessions"].size();
    };
    EXPECT_EQ(count({{"rule", "internet"}}), 2u);
    EXPECT_EQ(count({{"rule", "internet"}, {"protocol", "udp"}}), 1u);
    EXPECT_EQ(count({{"address", "10.0.0.10"}}), 1u);
    EXPECT_EQ(count({{"address", "10.0.0.8/30"}}), 3u);
    EXPECT_EQ(count({{"address", "192.0.2.1"}}), 3u);
    EXPECT_EQ(count({{"external", "203.0.113.2"}}), 3u);
    EXPECT_EQ(count({{"external", "203.0.113.3"}}), 0u);
    EXPECT_EQ(count({{"port", 443}}), 1u);
    EXPECT_EQ(count({{"port", 40010}}), 1u);
    EXPECT_EQ(count({{"protocol", "6"}}), 1u);
}

TEST(NatApi, RefusesAFilterThatMeansNothing) {
    test::ControlRoom room(with_nat);
    const auto why = [&](const json& params) {
        return room.call("session.list", params)["error"]["message"].get<std::string>();
    };
    EXPECT_EQ(why({{"rule", "internt"}}),
              "there is no rule \"internt\"; there is internet and web");
    EXPECT_EQ(why({{"address", "10.0.0"}}),
              "\"address\" should be an IPv4 address or prefix, not \"10.0.0\"");
    EXPECT_NE(why({{"protocol", "256"}}).find("tcp, udp, icmp"), std::string::npos);
    EXPECT_NE(why({{"limit", 1001}}).find("from 0 to 1000"), std::string::npos);
}

TEST(NatApi, SeesThatTheMemoryGrewInItsPlace) {
    test::ControlRoom room(with_nat);
    size_t size = 0;
    {
        NatMemory memory(room.run(), 64, NatMemory::AtItsEnd::leave);
        size = memory.size();
        EXPECT_EQ(room.call("session.list")["result"]["capacity"], 64);
    }
    {
        const auto larger = shm::Region::own(room.run(), layout::nat_region_layout(4 * size),
                                             shm::WhenForeign::refuse);
        auto& head = larger.as<layout::NatRegion>();
        head.sessions.size = 3 * size;
        (&larger.as<std::atomic<uint32_t>>())[head.sessions.offset / 4] = 5000;
    }
    EXPECT_EQ(room.call("session.list")["result"]["capacity"], 5000);
    std::filesystem::remove(std::filesystem::read_symlink(room.run() / "sessions"));
}

TEST(NatApi, FindsAnotherMemoryInTheFirstsPlace) {
    test::ControlRoom room(with_nat);
    {
        NatMemory small(room.run(), 64);
        EXPECT_EQ(room.call("session.list")["result"]["capacity"], 64);
    }
    std::filesystem::remove(room.run() / "sessions");
    EXPECT_EQ(room.call("session.list")["result"]["capacity"], 0);
    NatMemory large(room.run(), 1024);
    EXPECT_EQ(room.call("session.list")["result"]["capacity"], 1024);
}

TEST(NatApi, GivesSessionsAsNumbersToWhoCountsThem) {
    test::ControlRoom room(with_nat);
    NatMemory memory(room.run(), 256);
    memory.put(7, udp_flow(9, 1));
    memory.put(200, udp_flow(10, 1));
    const json all = room.call("session.numbers")["result"];
    const uint64_t external = uint64_t{net::addr(203, 0, 113, 2).value} << 24 | 17;
    EXPECT_EQ(all["numbers"], json({net::addr(10, 0, 0, 9).value, net::addr(192, 0, 2, 1).value,
                                    external | 40009 << 8, net::addr(10, 0, 0, 10).value,
                                    net::addr(192, 0, 2, 1).value, external | 40010 << 8}));
    EXPECT_EQ(all["next"], nullptr);
    EXPECT_EQ(room.call("session.numbers", {{"address", "10.0.0.10"}})["result"]["numbers"].size(),
              3u);
    EXPECT_EQ(room.call("session.numbers", {{"from", 8}})["result"]["numbers"].size(), 3u);
}

TEST(NatApi, BelievesNoNumberInTheMemory) {
    test::ControlRoom room(with_nat);
    NatMemory memory(room.run(), 64);
    memory.put(1, udp_flow(9, 1));
    memory.head().sessions.size = ~uint64_t{0};
    EXPECT_EQ(room.call("session.list")["result"]["capacity"], 0);
    memory.head().sessions.offset = ~uint64_t{63};
    EXPECT_EQ(room.call("session.list")["result"]["capacity"], 0);
    memory.head().mappings.offset = 1;
    EXPECT_EQ(room.call("nat.list")["result"]["addresses"], json::array());
}

TEST(NatApi, ShowsHowManyPortsOfAnExternalAddressAreLeft) {
    test::ControlRoom room(with_nat);
    NatMemory memory(room.run(), 64);
    memory.block(0).address = net::addr(203, 0, 113, 2).value;
    memory.block(0).levels[1].used = 100;
    memory.block(0).levels[1].quarantined = 20;
    memory.block(0).levels[1].reserved = 1;
    const json addresses = room.call("nat.list")["result"]["addresses"];
    ASSERT_EQ(addresses.size(), 1u);
    EXPECT_EQ(addresses[0]["address"], "203.0.113.2");
    EXPECT_EQ(addresses[0]["udp"],
              config::parse_json(R"({"used": 100, "quarantined": 20, "reserved": 1,
                                                   "free": 64392})"));
    EXPECT_EQ(addresses[0]["tcp"]["free"], 64512)
        << "of 1024 to 65535, and port 80 is none of them";
}

TEST(NatApi, WishesSessionsAwayWithANumberThatGrows) {
    test::ControlRoom room(with_nat);
    const uint16_t web = room.control().intent.nat().rules[1].id;
    const json first = room.call("nat.clear", {{"rule", "web"}, {"protocol", "tcp"}})["result"];
    layout::NatClearRequest request;
    const layout::Intent& intent = room.control().memory;
    ASSERT_TRUE(intent.nat_clear_sequence.read(request, intent.nat_clear));
    EXPECT_EQ(request.number, first["request"]);
    EXPECT_EQ(request.filter.rule, web);
    EXPECT_EQ(request.filter.protocol, 6);
    room.restart();
    const json second = room.call("nat.clear", {{"all", true}})["result"];
    EXPECT_GT(second["request"], first["request"]);
    EXPECT_EQ(room.call("nat.cleared", {{"request", second["request"]}})["result"],
              config::parse_json(R"({"dataplane_alive": false, "done": false})"));
}

TEST(NatApi, TellsWhoHasAPortByADeterministicRule) {
    test::ControlRoom room(R"({
      "interfaces": { "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] } },
      "nat": [ { "name": "carrier", "type": "source", "from": "10.0.0.0/30", "to": "203.0.113.8/31",
                 "ports": "2000-2999", "port_choice": "deterministic" } ] })");
    const json share = config::parse_json(R"([{"rule": "carrier", "internal": "10.0.0.3",
                                        "external": "203.0.113.9", "ports": "2500-2999"}])");
    EXPECT_EQ(
        room.call("nat.owner", {{"address", "203.0.113.9"}, {"port", 2600}})["result"]["shares"],
        share);
    EXPECT_EQ(room.call("nat.owner", {{"address", "10.0.0.3"}})["result"]["shares"], share);
    EXPECT_EQ(room.call("nat.owner", {{"address", "10.0.0.4"}})["result"]["shares"], json::array());
    EXPECT_EQ(room.call("nat.owner", {{"address", "here"}})["error"]["message"],
              "\"address\" should be an IPv4 address");
    const json rule = room.call("nat.list")["result"]["rules"][0];
    EXPECT_EQ(rule["port_choice"], "deterministic");
    EXPECT_EQ(rule["block_size"], 500);
}

TEST(NatApi, ClearsAllOnlyIfAllIsSaid) {
    test::ControlRoom room(with_nat);
    EXPECT_EQ(room.call("nat.clear")["error"]["message"], "say which sessions, or \"all\"");
}

}  // namespace
}  // namespace sluice::api
