// SPDX-License-Identifier: BSD-3-Clause
// The directory says what a look at every interface would say.
#include "control/config/directory.h"

#include <algorithm>
#include <random>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

class RandomAddresses {
  public:
    explicit RandomAddresses(unsigned seed) : random_(seed) {}
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

    // Near to each other, so that networks meet.
    void make(net::Ipv4Address& a) {
        a = {0x0a00'0000 | below(4) << 16 | below(4) << 8 | below(4)};
    }
    void make(net::Ipv6Address& a) {
        a = {uint64_t{0x2001'0db8'0000'0000} | below(4), uint64_t{below(4)} << 60 | below(4)};
    }

  private:
    std::mt19937 random_;
};

template <typename Own>
struct Claimed {
    size_t interface;
    Own own;
};

// Of two that claim the same, the earlier one has it.
template <typename Own, typename Address>
const Claimed<Own>* owner_among(const std::vector<Claimed<Own>>& all, Address address) {
    for (const auto& c : all) {
        if (c.own.address == address) return &c;
    }
    return nullptr;
}
template <typename Own, typename Address>
const Claimed<Own>* longest_among(const std::vector<Claimed<Own>>& all, Address address) {
    const Claimed<Own>* best = nullptr;
    for (const auto& c : all) {
        if (!c.own.network().contains(address)) continue;
        if (best == nullptr || c.own.length > best->own.length) best = &c;
    }
    return best;
}
template <typename Own, typename Prefix>
bool some_overlaps(const std::vector<Claimed<Own>>& all, Prefix network) {
    return std::any_of(all.begin(), all.end(), [&](const auto& c) {
        return c.own.network().contains(network) || network.contains(c.own.network());
    });
}

template <typename Own>
void says_what_a_look_at_all_says(unsigned seed, unsigned longest) {
    RandomAddresses random(seed);
    AddressBook<Own> book;
    std::vector<Claimed<Own>> all;
    for (unsigned n = random.below(60); n > 0; --n) {
        Own own;
        random.make(own.address);
        own.length = static_cast<uint8_t>(1 + random.below(longest));
        all.push_back({random.below(30), own});
        book.add(all.back().interface, own);
    }
    for (unsigned n = 0; n < 100; ++n) {
        decltype(Own::address) address;
        random.make(address);
        const auto* owner = owner_among(all, address);
        const auto found = book.owner_of(address);
        ASSERT_EQ(found.has_value(), owner != nullptr);
        if (found) {
            EXPECT_EQ(*found, owner->interface);
        }
        const auto* near = longest_among(all, address);
        const auto network = book.network_of(address);
        ASSERT_EQ(network.has_value(), near != nullptr);
        if (network) {
            EXPECT_EQ(network->interface, near->interface);
            EXPECT_EQ(network->own, near->own);
        }
        const auto prefix = AddressBook<Own>::Prefix::of(address, random.below(longest + 1));
        EXPECT_EQ(book.overlaps(prefix), some_overlaps(all, prefix)) << net::to_string(prefix);
    }
}

TEST(Directory, SaysOfAddressesWhatALookAtEveryInterfaceSays) {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        says_what_a_look_at_all_says<net::InterfaceAddress>(seed, 32);
        says_what_a_look_at_all_says<net::Ipv6InterfaceAddress>(seed, 128);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Directory, KnowsNamesAddressesAndBridgesOfAConfiguration) {
    const Config config = accepted(R"({"interfaces": {
        "lan": {"device": "net_tap0", "addresses": ["10.0.0.1/8", "10.1.0.1/16"]},
        "six": {"device": "net_tap1", "addresses": ["2001:db8::1/64"]},
        "side": {"device": "net_tap2"}},
      "tunnels": {"over": {"type": "gre", "local": "10.0.0.1", "remote": "192.0.2.1",
                           "bridge": "side"},
                  "routed": {"type": "gre", "local": "10.0.0.1", "remote": "192.0.2.2"}}})");
    const Directory directory(config);
    const auto name = [&](std::optional<size_t> place) {
        return place ? config.interfaces.at(*place).name : "";
    };
    for (const Interface& i : config.interfaces) EXPECT_EQ(name(directory.find(i.name)), i.name);
    EXPECT_EQ(directory.find("dmz"), std::nullopt);
    EXPECT_EQ(name(directory.ipv4.owner_of(net::addr(10, 1, 0, 1))), "lan");
    EXPECT_EQ(directory.ipv4.network_of(net::addr(10, 1, 2, 3))->own.length, 16);
    EXPECT_FALSE(directory.ipv4.network_of(net::addr(11, 0, 0, 1)));
    EXPECT_EQ(name(directory.ipv6.owner_of(*net::parse_address6("2001:db8::1"))), "six");
    const auto with = [&](const char* one) {
        return name(directory.bridged_with(*find_interface(config, one)));
    };
    EXPECT_EQ(with("side"), "over");
    EXPECT_EQ(with("over"), "side");
    EXPECT_EQ(with("lan"), "");
    EXPECT_EQ(with("routed"), "");
}

}  // namespace
}  // namespace sluice::config
