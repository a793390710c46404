// SPDX-License-Identifier: BSD-3-Clause
// Mappings that outlive their process.
#include <map>
#include <random>
#include <thread>

#include "test/lib/nat/fixture.h"

namespace sluice::nat {
namespace {

// The next process, on the same memory.
struct NextNat {
    explicit NextNat(const flow::Memory& memory, uint32_t addresses = 2)
        : mappings(memory.bytes(), addresses, 10'000) {
        mappings.begin_adoption();
    }
    Mapper& end(const QuarantineTimes& times = short_quarantine) {
        mappings.end_adoption(1, times);
        mapper.emplace(mappings, times);
        return *mapper;
    }
    Mappings mappings;
    std::optional<Mapper> mapper;
};

TEST(Adoption, KeepsMappingsWithTheirSessionsAndQuarantinesTheOthers) {
    SmallNat nat;
    const MappingId kept = nat.mapper.acquire(udp(host(1))).id;
    nat.mapper.acquire(udp(host(1)));
    const MappingId shared = nat.mapper.acquire_shared(PortClass::tcp, 1, 80).id;
    const MappingId lost = nat.mapper.acquire(udp(host(2))).id;

    NextNat next(nat.memory);
    EXPECT_TRUE(next.mappings.adopt(kept, host(1)));
    EXPECT_TRUE(next.mappings.adopt(kept, host(1)));
    EXPECT_TRUE(next.mappings.adopt_shared(shared));
    EXPECT_TRUE(next.mappings.adopt_shared(shared));
    Mapper& mapper = next.end();
    EXPECT_EQ(next.mappings.word(kept).bits(), SlotWord::mapped(host(1), 2).bits());
    EXPECT_EQ(next.mappings.word(shared).bits(), SlotWord::shared(2).bits());
    EXPECT_TRUE(next.mappings.word(lost).is_quarantined());
    EXPECT_EQ(what_is_wrong_with(next.mappings), "");

    EXPECT_EQ(mapper.acquire(udp(host(1))).id, kept);
    mapper.tick(80);
    EXPECT_TRUE(next.mappings.word(lost).is_quarantined());
    mapper.tick(81);
    EXPECT_TRUE(next.mappings.word(lost).is_free());
    EXPECT_EQ(what_is_wrong_with(next.mappings), "");
}

TEST(Adoption, LetsRestingPortsRestOnAndFreesReservedOnes) {
    SmallNat nat(short_quarantine);
    const MappingId resting = nat.mapper.acquire(udp(host(1))).id;
    nat.mapper.release(resting, 1);
    nat.mappings.reserve(PortClass::udp, 0, {1000, 1009});
    NextNat next(nat.memory);
    next.end();
    EXPECT_TRUE(next.mappings.word(resting).is_quarantined());
    EXPECT_EQ(next.mappings.level(PortClass::udp, 0).reserved, 0u);
    EXPECT_EQ(what_is_wrong_with(next.mappings), "");

    NextNat without(nat.memory);
    without.end(no_quarantine);
    EXPECT_TRUE(without.mappings.word(resting).is_free());
    EXPECT_EQ(what_is_wrong_with(without.mappings), "");
}

TEST(Adoption, RefusesSessionsThatContradictOthers) {
    SmallNat nat;
    const MappingId id = nat.mapper.acquire(udp(host(1))).id;
    const MappingId shared = nat.mapper.acquire_shared(PortClass::udp, 0, 80).id;
    NextNat next(nat.memory);
    EXPECT_TRUE(next.mappings.adopt(id, host(1)));
    EXPECT_TRUE(next.mappings.adopt_shared(shared));
    EXPECT_FALSE(next.mappings.adopt(id, host(2))) << "the external endpoint is another's";
    EXPECT_FALSE(next.mappings.adopt_shared(id));
    EXPECT_FALSE(next.mappings.adopt(shared, host(2)));
    const MappingId second(PortClass::udp, 0, 99);
    EXPECT_FALSE(next.mappings.adopt(second, host(1))) << "the internal one has another mapping";
    EXPECT_FALSE(next.mappings.adopt(MappingId(PortClass::udp, 2, 99), host(3))) << "no such";
    EXPECT_FALSE(next.mappings.adopt(MappingId(), host(3)));
    EXPECT_FALSE(next.mappings.adopt(second, {0, 5}));
    next.end();
    EXPECT_EQ(next.mappings.word(id).sessions(), 1u);
    EXPECT_EQ(what_is_wrong_with(next.mappings), "");
}

TEST(Adoption, BelievesASessionMoreThanASlot) {
    SmallNat nat(short_quarantine);
    const MappingId resting = nat.mapper.acquire(udp(host(1))).id;
    nat.mapper.release(resting, 1);
    const MappingId others = nat.mapper.acquire(udp(host(2))).id;
    NextNat next(nat.memory);
    EXPECT_TRUE(next.mappings.adopt(resting, host(5)));
    EXPECT_TRUE(next.mappings.adopt(others, host(6)));
    const MappingId free_one(PortClass::tcp, 1, 99);
    EXPECT_TRUE(next.mappings.adopt(free_one, host(7)));
    next.end();
    EXPECT_EQ(next.mappings.find(PortClass::udp, 0, others.port()), host(6));
    EXPECT_EQ(next.mappings.find(PortClass::tcp, 1, 99), host(7));
    EXPECT_EQ(what_is_wrong_with(next.mappings), "");
}

TEST(Adoption, FindsEverythingInMemoryThatHasGrown) {
    flow::Memory memory(Mappings::bytes_for(5));
    MappingId id;
    {
        Mappings small(memory.bytes().first(Mappings::bytes_for(2)), 2, 100);
        Mapper mapper(small, no_quarantine);
        small.enlist(net::addr(203, 0, 113, 1));
        id = mapper.acquire({PortClass::tcp, host(1), 1, {1024, 65535}}).id;
    }
    NextNat next(memory, 5);
    EXPECT_TRUE(next.mappings.adopt(id, host(1)));
    next.end();
    EXPECT_EQ(next.mappings.number_of(net::addr(203, 0, 113, 1)), 0u);
    EXPECT_EQ(next.mappings.find(PortClass::tcp, 1, id.port()), host(1));
    EXPECT_EQ(what_is_wrong_with(next.mappings), "");
}

// What stands for the table of sessions: entered after a mapping is acquired, deleted before it
// is released.
struct Sessions {
    static constexpr uint32_t most = 400;
    std::atomic<uint32_t> ids[most];  // MappingId::bits() + 1; 0: no session
    std::atomic<uint64_t> operations;
};

constexpr unsigned workers = 2;

Endpoint internal_of(uint32_t session) { return host(session % 140); }

[[noreturn]] void work(Mappings& mappings, unsigned worker, Sessions& sessions, unsigned seed) {
    Mapper mapper(mappings, {20, 30, 0, 0});
    std::mt19937 random(seed * workers + worker);
    for (uint32_t now = 1;; ++now) {
        const auto n = static_cast<uint32_t>(random() % (Sessions::most / workers) * workers);
        std::atomic<uint32_t>& session = sessions.ids[n + worker];
        const auto port_class = static_cast<PortClass>(n / workers % 3);
        if (const uint32_t held = session.exchange(0); held != 0) {
            mapper.release(MappingId::from_bits(held - 1), now / 16);
        } else {
            const Acquired got =
                mapper.acquire({port_class, internal_of(n), 0, {2000, 2030}, n % 4 == 0});
            if (got.ok()) session = got.id.bits() + 1;
        }
        mapper.tick(now / 16);
        sessions.operations.fetch_add(1, std::memory_order_relaxed);
    }
}

TEST(Adoption, AfterAKillAtAnyMomentKeepsAllThatSessionsUse) {
    constexpr unsigned kills = 100;
    flow::Memory memory(Mappings::bytes_for(1));
    test::Shared<Sessions> sessions;
    std::mt19937 random(5);
    unsigned resting = 0, kept = 0;
    for (unsigned kill = 0; kill < kills; ++kill) {
        const auto adopt = [&](Mappings& mappings) {
            mappings.begin_adoption();
            for (uint32_t n = 0; n < Sessions::most; ++n) {
                const uint32_t held = sessions->ids[n];
                const Endpoint internal = internal_of(n - n % workers);
                if (held != 0 && !mappings.adopt(MappingId::from_bits(held - 1), internal)) {
                    return false;
                }
                kept += held != 0;
            }
            mappings.end_adoption(1, {20, 30, 0, 0});
            return true;
        };
        const uint64_t before = sessions->operations;
        test::Child child([&]() -> bool {
            Mappings mappings(memory.bytes(), 1, 1000);
            if (!adopt(mappings)) return false;
            std::thread other([&] { work(mappings, 1, *sessions, kill); });
            work(mappings, 0, *sessions, kill);
        });
        ASSERT_TRUE(test::wait_until([&] { return sessions->operations > before + 500; }));
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
        child.kill();

        Mappings mappings(memory.bytes(), 1, 1000);
        ASSERT_TRUE(adopt(mappings)) << "after kill " << kill;
        ASSERT_EQ(what_is_wrong_with(mappings), "") << "after kill " << kill;
        std::map<uint32_t, uint32_t> sessions_of;
        for (const auto& held : sessions->ids) {
            if (held != 0) ++sessions_of[held - 1];
        }
        for (const auto& [bits, count] : sessions_of) {
            ASSERT_EQ(mappings.word(MappingId::from_bits(bits)).sessions(), count);
        }
        resting += mappings.level(PortClass::tcp, 0).quarantined;
    }
    EXPECT_GT(kept, kills) << "nothing was kept";
    EXPECT_GT(resting, 0u) << "nothing rested";
}

}  // namespace
}  // namespace sluice::nat
