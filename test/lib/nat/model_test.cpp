// SPDX-License-Identifier: BSD-3-Clause
// Random operations on the mappings and on a plain model of them, and on the mappings by threads.
#include <map>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include "test/lib/nat/fixture.h"

namespace sluice::nat {
namespace {

constexpr uint32_t rest = 40;  // ticks
constexpr QuarantineTimes times{rest, rest, rest, rest};

// What a mapping is by hand: maps both ways, and when which port was used last.
struct Model {
    using Internal = std::tuple<unsigned, uint32_t, uint32_t, uint16_t>;
    struct External {
        Endpoint internal;
        uint32_t sessions;
    };
    static Internal internal(const Wish& wish) {
        return {static_cast<unsigned>(wish.port_class), wish.address_index, wish.internal.address,
                wish.internal.port};
    }
    std::map<Internal, uint32_t> by_internal;
    std::map<uint32_t, External> by_external;
    std::map<uint32_t, uint32_t> ended;

    bool must_be_free(uint32_t id, uint32_t now) const {
        const auto last = ended.find(id);
        return !by_external.contains(id) &&
               (last == ended.end() || now > last->second + rest + rest / 8);
    }
    bool may_be_free(uint32_t id, uint32_t now) const {
        const auto last = ended.find(id);
        return !by_external.contains(id) && (last == ended.end() || now >= last->second + rest);
    }
};

Wish random_wish(std::mt19937& random) {
    Wish wish;
    wish.port_class = static_cast<PortClass>(random() % 3);
    wish.internal = host(random() % 30, static_cast<uint16_t>(1020 + random() % 8));
    wish.address_index = random() % 2;
    const auto first = static_cast<uint16_t>(1000 + random() % 40);
    wish.range = {first, static_cast<uint16_t>(first + random() % 30)};
    wish.keep_parity = random() % 2;
    wish.random = random() % 4 != 0;
    return wish;
}

void acquire(SmallNat& nat, Model& model, const Wish& wish, uint32_t now) {
    const Acquired got = nat.mapper.acquire(wish);
    const auto known = model.by_internal.find(Model::internal(wish));
    if (known != model.by_internal.end()) {
        ASSERT_EQ(got.got, Got::existing);
        ASSERT_EQ(got.id.bits(), known->second);
        ++model.by_external[known->second].sessions;
        return;
    }
    if (got.got == Got::no_port) {
        for (uint32_t port = wish.range.first; port <= wish.range.last; ++port) {
            const MappingId id(wish.port_class, wish.address_index, static_cast<uint16_t>(port));
            ASSERT_FALSE(model.must_be_free(id.bits(), now)) << port << " is free";
        }
        return;
    }
    ASSERT_EQ(got.got, Got::made);
    ASSERT_EQ(got.id.port_class(), wish.port_class);
    ASSERT_EQ(got.id.address_index(), wish.address_index);
    ASSERT_TRUE(wish.range.first <= got.id.port() && got.id.port() <= wish.range.last);
    ASSERT_TRUE(model.may_be_free(got.id.bits(), now)) << "is another's, or rests";
    model.by_internal[Model::internal(wish)] = got.id.bits();
    model.by_external[got.id.bits()] = {wish.internal, 1};
}

void release_any(SmallNat& nat, Model& model, std::mt19937& random, uint32_t now) {
    if (model.by_external.empty()) return;
    const auto any = std::next(model.by_external.begin(),
                               static_cast<ptrdiff_t>(random() % model.by_external.size()));
    const MappingId id = MappingId::from_bits(any->first);
    nat.mapper.release(id, now);
    if (--any->second.sessions != 0) return;
    model.by_internal.erase(
        Model::internal({id.port_class(), any->second.internal, id.address_index(), {}}));
    model.ended[any->first] = now;
    model.by_external.erase(any);
}

TEST(Mappings, DoAsAPlainModelDoes) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        SmallNat nat(times);
        Model model;
        std::mt19937 random(seed);
        const unsigned operations = 60'000 / test::slowdown;
        for (unsigned n = 0; n < operations && !testing::Test::HasFatalFailure(); ++n) {
            const uint32_t now = 1 + n / 20;
            nat.mapper.tick(now);
            // More acquiring than releasing at times, so that ranges fill up and empty again.
            if (random() % 100 < (n / 3000 % 2 == 0 ? 60u : 40u)) {
                acquire(nat, model, random_wish(random), now);
            } else {
                release_any(nat, model, random, now);
            }
        }
        ASSERT_EQ(what_is_wrong_with(nat.mappings), "") << "seed " << seed;
        for (const auto& [bits, external] : model.by_external) {
            ASSERT_EQ(nat.word(MappingId::from_bits(bits)).bits(),
                      SlotWord::mapped(external.internal, external.sessions).bits());
        }
    }
}

// While I have a session on it, a mapping is what it was when I got it, and the only one.
void work(Mappings& mappings, unsigned seed, std::atomic<unsigned>& wrong,
          std::atomic<unsigned>& busy) {
    Mapper mapper(mappings, {3, 0, 1, 0});
    std::mt19937 random(seed);
    std::vector<std::pair<MappingId, Wish>> held;
    uint32_t now = 1;
    for (unsigned n = 0; n < 200'000 / test::slowdown; ++n) {
        if (held.size() < 20 && random() % 2 == 0) {
            const Wish wish = random_wish(random);
            const Acquired got = mapper.acquire(wish);
            busy += got.got == Got::busy;
            if (got.ok()) held.emplace_back(got.id, wish);
        } else if (!held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            const auto& [id, wish] = held.back();
            const SlotWord word = mappings.word(id);
            wrong += !word.is_mapped() || word.internal() != wish.internal;
            const auto key =
                MappingKeys::key_of(wish.port_class, wish.internal, wish.address_index);
            wrong += mappings.index().find(key) != id;
            mapper.release(id, now);
            held.pop_back();
        }
        if (n % 16 == 0) mapper.tick(++now);
    }
    for (const auto& [id, wish] : held) mapper.release(id, now);
    for (unsigned n = 0; n < 100; ++n) mapper.tick(now + 10);
}

TEST(Mappings, AreNeverTwoOfOneEndpointWhenWorkersMeet) {
    SmallNat nat;
    std::atomic<unsigned> wrong = 0, busy = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] { work(nat.mappings, t, wrong, busy); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
    for (unsigned n = 0; n < 8; ++n) {
        const Level& level = nat.mappings.level(static_cast<PortClass>(n % 4), n / 4);
        EXPECT_EQ(level.used + level.quarantined, 0u) << "a port is lost";
    }
    RecordProperty("busy", std::to_string(busy));
}

TEST(Mappings, ShareAPortAmongWorkersAndCountEachSession) {
    SmallNat nat;
    std::atomic<unsigned> made = 0;
    const auto share = [&] {
        Mapper mapper(nat.mappings, no_quarantine);
        for (unsigned n = 0; n < 20'000 / test::slowdown; ++n) {
            const Acquired got = mapper.acquire_shared(PortClass::tcp, 0, 443);
            made += got.got == Got::made;
            if (got.ok()) mapper.release(got.id, 1);
        }
    };
    std::thread one(share), two(share);
    one.join();
    two.join();
    EXPECT_GT(made, 0u);
    EXPECT_TRUE(nat.word(MappingId(PortClass::tcp, 0, 443)).is_free());
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

}  // namespace
}  // namespace sluice::nat
