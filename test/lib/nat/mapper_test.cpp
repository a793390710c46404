// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/mapper.h"

#include <algorithm>
#include <set>
#include <vector>

#include "test/lib/nat/fixture.h"

namespace sluice::nat {
namespace {

TEST(Mapper, GivesAnInternalEndpointOneMappingForAllItsSessions) {
    SmallNat nat;
    const Acquired first = nat.mapper.acquire(udp(host(1)));
    ASSERT_EQ(first.got, Got::made);
    const Acquired second = nat.mapper.acquire(udp(host(1)));
    EXPECT_EQ(second.got, Got::existing);
    EXPECT_EQ(second.id, first.id);
    EXPECT_EQ(nat.word(first.id).sessions(), 2u);
    EXPECT_EQ(nat.mappings.find(PortClass::udp, 0, first.id.port()), host(1));

    nat.mapper.release(first.id, 1);
    EXPECT_EQ(nat.mappings.find(PortClass::udp, 0, first.id.port()), host(1));
    nat.mapper.release(first.id, 1);
    EXPECT_EQ(nat.mappings.find(PortClass::udp, 0, first.id.port()), std::nullopt);
    EXPECT_TRUE(nat.word(first.id).is_free());
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mapper, ForeseesThePortsThatItWillTryFirst) {
    SmallNat nat;
    for (const bool parity : {false, true}) {
        for (const PortRange range : {PortRange{1024, 65535}, PortRange{1, 65535}}) {
            Wish wish = udp(host(parity, range.first), range);
            wish.keep_parity = parity;
            for (uint16_t n = 0; n < 100; ++n) {
                wish.internal.port = static_cast<uint16_t>(wish.internal.port + 2);
                const Foreseen next = nat.mapper.foresee(wish, 0);
                const MappingId after = nat.mapper.foresee(wish, 1).port;
                const bool was_free = !nat.mappings.is_taken(next.port);
                const Acquired first = nat.mapper.acquire(wish, n % 2 == 0 ? &next : nullptr);
                ASSERT_EQ(first.got, Got::made);
                ASSERT_EQ(first.id == next.port, was_free);
                ASSERT_EQ(nat.mapper.foresee(wish, 0).port, after);
            }
        }
    }
}

TEST(Mapper, DrawsAnotherPortWhereItWasForeseenForAnotherMapping) {
    SmallNat nat;
    const Wish wish = udp(host(1, 5000));
    const Foreseen second = nat.mapper.foresee(wish, 1);
    const MappingId first = nat.mapper.foresee(wish, 0).port;
    EXPECT_EQ(nat.mapper.acquire(wish, &second).id, first);
    EXPECT_EQ(nat.mapper.acquire(wish, &second).id, first)
        << "the hash is the endpoint's, whatever the port";
}

TEST(Mapper, KeepsClassesAndExternalAddressesApart) {
    SmallNat nat;
    std::set<uint32_t> ids;
    for (const PortClass port_class : {PortClass::tcp, PortClass::udp, PortClass::icmp}) {
        for (const uint32_t address : {0u, 1u}) {
            const auto got = nat.mapper.acquire({port_class, host(1), address, {4000, 4000}});
            EXPECT_EQ(got.got, Got::made);
            ids.insert(got.id.bits());
        }
    }
    EXPECT_EQ(ids.size(), 6u);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mapper, FindsEachPortOfTheRangeAndThenNone) {
    SmallNat nat;
    for (const PortRange range : {PortRange{1024, 65535}, PortRange{1, 65535}, PortRange{7, 7},
                                  PortRange{2001, 2004}, PortRange{1000, 1048}}) {
        std::vector<MappingId> held;
        for (uint32_t port = range.first; port <= range.last; ++port) {
            const Acquired got = nat.mapper.acquire(udp(host(port), range));
            ASSERT_EQ(got.got, Got::made);
            ASSERT_TRUE(range.first <= got.id.port() && got.id.port() <= range.last);
            held.push_back(got.id);
        }
        EXPECT_EQ(nat.mapper.acquire(udp(host(70'000), range)).got, Got::no_port);
        EXPECT_EQ(nat.udp_level().used, held.size());
        for (const MappingId id : held) nat.mapper.release(id, 1);
        EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
    }
}

TEST(Mapper, FindsTheOnlyFreePortWherever) {
    SmallNat nat;
    std::vector<MappingId> by_port(ports_a_class);
    for (uint32_t n = 1024; n < ports_a_class; ++n) {
        const Acquired got = nat.mapper.acquire(udp(host(n)));
        by_port[got.id.port()] = got.id;
    }
    for (const uint16_t port : {1024, 1025, 32767, 32768, 65534, 65535}) {
        nat.mapper.release(by_port[port], 1);
        Wish wish = udp(host(80'000, 5001));
        wish.keep_parity = port % 2 == 0;  // the port is of the other parity half of the time
        const Acquired got = nat.mapper.acquire(wish);
        EXPECT_EQ(got.got, Got::made);
        EXPECT_EQ(got.id.port(), port);
        nat.mapper.release(got.id, 1);
        by_port[port] = nat.mapper.acquire(udp(host(90'000 + port))).id;
    }
}

TEST(Mapper, KeepsParityAsLongAsThereIsAPortOfIt) {
    SmallNat nat;
    const PortRange range{2000, 2099};
    std::vector<unsigned> odd;
    for (uint32_t n = 0; n < 100; ++n) {
        Wish wish = udp(host(n, 5001), range);
        wish.keep_parity = true;
        odd.push_back(nat.mapper.acquire(wish).id.port() % 2);
    }
    EXPECT_TRUE(std::all_of(odd.begin(), odd.begin() + 50, [](unsigned o) { return o == 1; }));
    EXPECT_TRUE(std::all_of(odd.begin() + 50, odd.end(), [](unsigned o) { return o == 0; }));
}

TEST(Mapper, StaysOnTheInternalPortsSideOf1024AsLongAsItCan) {
    SmallNat nat;
    const PortRange range{1014, 1033};  // ten and ten
    for (uint32_t n = 0; n < 10; ++n) {
        EXPECT_LT(nat.mapper.acquire(udp(host(n, 500), range)).id.port(), 1024);
    }
    EXPECT_GE(nat.mapper.acquire(udp(host(10, 500), range)).id.port(), 1024);
    EXPECT_GE(nat.mapper.acquire(udp(host(11, 5000), range)).id.port(), 1024);
    EXPECT_GE(nat.mapper.acquire(udp(host(12, 500), {1024, 65535})).id.port(), 1024)
        << "and has a port where the range has none of its side";
}

TEST(Mapper, KeepsTheInternalPortIfAskedAndTakesTheNextOfItsParityIfItIsTaken) {
    SmallNat nat;
    std::vector<uint16_t> ports;
    for (uint32_t n = 0; n < 3; ++n) {
        Wish wish = udp(host(n, 5000));
        wish.random = false;
        ports.push_back(nat.mapper.acquire(wish).id.port());
    }
    EXPECT_EQ(ports, (std::vector<uint16_t>{5000, 5002, 5004}));
}

TEST(Mapper, ChoosesPortsFromTheWholeRangeEvenly) {
    SmallNat nat;
    std::array<unsigned, 16> parts{};
    constexpr unsigned draws = 16'000;
    unsigned odd = 0;
    for (uint32_t n = 0; n < draws; ++n) {
        const Acquired got = nat.mapper.acquire(udp(host(n), {0, 65535}));
        const uint16_t port = got.id.port();
        if (port >= 1024) ++parts[port / 4096];
        odd += port % 2;
        nat.mapper.release(got.id, 1);
    }
    for (size_t i = 1; i < parts.size(); ++i) EXPECT_NEAR(parts[i], draws / 15.75, 200) << i;
    EXPECT_NEAR(odd, draws / 2.0, 400);
}

TEST(Mapper, TwoOfThemDoNotChooseTheSamePorts) {
    SmallNat one, two;
    unsigned same = 0;
    for (uint32_t n = 0; n < 100; ++n) {
        same += one.mapper.acquire(udp(host(n))).id == two.mapper.acquire(udp(host(n))).id;
    }
    EXPECT_LT(same, 3u);
}

TEST(Mapper, LetsAPortRestBeforeItIsUsedAgain) {
    SmallNat nat(short_quarantine);
    const PortRange one{3000, 3000};
    const Acquired got = nat.mapper.acquire(udp(host(1), one));
    nat.mapper.release(got.id, 100);
    EXPECT_EQ(nat.udp_level().used, 0u);
    EXPECT_EQ(nat.udp_level().quarantined, 1u);
    EXPECT_EQ(nat.mappings.find(PortClass::udp, 0, 3000), std::nullopt);
    nat.mapper.tick(179);
    EXPECT_EQ(nat.mapper.acquire(udp(host(2), one)).got, Got::no_port);
    EXPECT_EQ(nat.mapper.acquire_shared(PortClass::udp, 0, 3000).got, Got::no_port);
    nat.mapper.tick(180);
    EXPECT_EQ(nat.mapper.acquire(udp(host(2), one)).got, Got::made);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mapper, LetsPortsRestOnWhenTheClockWrapsOrNobodyTicks) {
    SmallNat nat(short_quarantine);
    uint32_t now = ~uint32_t{0} - 1000;
    for (uint32_t n = 0; n < 3000; ++n) {
        nat.mapper.release(nat.mapper.acquire(udp(host(n))).id, ++now);
    }
    EXPECT_EQ(nat.udp_level().quarantined, 3000u);
    nat.mapper.tick(now);
    EXPECT_EQ(nat.udp_level().quarantined, 3000u - Mapper::ended_a_call) << "a bounded number";
    nat.pass(now + 90);
    EXPECT_EQ(nat.udp_level().quarantined, 0u);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mapper, RefusesMoreSessionsThanAMappingCanCount) {
    SmallNat nat;
    for (uint32_t n = 0; n < most_sessions_a_mapping; ++n) {
        ASSERT_TRUE(nat.mapper.acquire(udp(host(1))).ok());
        ASSERT_TRUE(nat.mapper.acquire_shared(PortClass::tcp, 0, 80).ok());
    }
    EXPECT_EQ(nat.mapper.acquire(udp(host(1))).got, Got::too_many_sessions);
    EXPECT_EQ(nat.mapper.acquire_shared(PortClass::tcp, 0, 80).got, Got::too_many_sessions);
    EXPECT_EQ(nat.mappings.find(PortClass::tcp, 0, 80), std::nullopt) << "is nobody's alone";
}

TEST(Mapper, SharesAPortAmongSessionsThatDependOnTheirRemoteEnd) {
    SmallNat nat(short_quarantine);
    const Acquired got = nat.mapper.acquire_shared(PortClass::udp, 0, 4000);
    EXPECT_EQ(got.got, Got::made);
    EXPECT_EQ(nat.mapper.acquire_shared(PortClass::udp, 0, 4000).got, Got::existing);
    EXPECT_EQ(nat.mapper.acquire(udp(host(1), {4000, 4000})).got, Got::no_port);
    nat.mapper.release(got.id, 5);
    EXPECT_EQ(nat.udp_level().used, 1u);
    nat.mapper.release(got.id, 5);
    EXPECT_EQ(nat.udp_level().quarantined, 1u);

    const Acquired mapped = nat.mapper.acquire(udp(host(1), {4001, 4001}));
    EXPECT_EQ(nat.mapper.acquire_shared(PortClass::udp, 0, mapped.id.port()).got, Got::no_port);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mapper, JoinsAMappingThatSomeoneOutsideHasFound) {
    SmallNat nat;
    const Acquired made = nat.mapper.acquire(udp(host(1)));
    EXPECT_EQ(nat.mapper.join(made.id, host(1)).got, Got::existing);
    EXPECT_EQ(nat.word(made.id).sessions(), 2u);
    EXPECT_FALSE(nat.mapper.join(made.id, host(2)).ok()) << "another's";
    nat.mapper.release(made.id, 1);
    nat.mapper.release(made.id, 1);
    EXPECT_FALSE(nat.mapper.join(made.id, host(1)).ok()) << "ended meanwhile";
}

TEST(Mapper, GivesEachHostOneWholeAddressOfAPool) {
    SmallNat nat(short_quarantine, 8);
    const std::array<uint16_t, 3> pool{1, 4, 6};
    std::set<uint32_t> given;
    for (uint32_t n = 0; n < 3; ++n) {
        const Acquired got = nat.mapper.acquire_address(host(n).address, 7, pool);
        EXPECT_EQ(got.got, Got::made);
        given.insert(got.id.address_index());
        EXPECT_EQ(nat.mapper.acquire_address(host(n).address, 7, pool).id, got.id);
        const auto found = nat.mappings.find(PortClass::address, got.id.address_index(), 0);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->address, host(n).address);
    }
    EXPECT_EQ(given, (std::set<uint32_t>{1, 4, 6}));
    EXPECT_EQ(nat.mapper.acquire_address(host(3).address, 7, pool).got, Got::no_port);
    EXPECT_EQ(nat.mapper.acquire_address(host(3).address, 7, {}).got, Got::no_port);
    const std::array<uint16_t, 1> other{7};
    EXPECT_EQ(nat.mapper.acquire_address(host(0).address, 8, other).got, Got::made)
        << "of another pool";

    const MappingId first = nat.mapper.acquire_address(host(0).address, 7, pool).id;
    for (unsigned session = 0; session < 3; ++session) nat.mapper.release(first, 1);
    EXPECT_EQ(nat.mapper.acquire_address(host(3).address, 7, pool).got, Got::no_port) << "rests";
    nat.mapper.tick(100);
    EXPECT_EQ(nat.mapper.acquire_address(host(3).address, 7, pool).id, first);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mapper, SaysWhenThereIsNoRoomForAnotherMapping) {
    SmallNat nat(no_quarantine, 2, 1);  // four buckets of ten
    unsigned made = 0;
    Got last = Got::made;
    for (uint32_t n = 0; n < 50 && last == Got::made; ++n) {
        last = nat.mapper.acquire(udp(host(n))).got;
        made += last == Got::made;
    }
    EXPECT_EQ(last, Got::full);
    EXPECT_GE(made, 20u);
    EXPECT_EQ(nat.udp_level().used, made);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

}  // namespace
}  // namespace sluice::nat
