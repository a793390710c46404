// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/mappings.h"

#include "test/lib/nat/fixture.h"

namespace sluice::nat {
namespace {

using net::addr;

TEST(MappingId, SaysWhatItIsMadeOf) {
    const MappingId last(PortClass::address, most_addresses - 1, 65535);
    EXPECT_EQ(last.bits(), (1u << 30) - 1);
    const MappingId id(PortClass::icmp, 77, 4711);
    EXPECT_EQ(id.port_class(), PortClass::icmp);
    EXPECT_EQ(id.address_index(), 77u);
    EXPECT_EQ(id.port(), 4711);
    EXPECT_TRUE(id.exists());
    EXPECT_FALSE(MappingId().exists());
}

TEST(SlotWord, IsOneThingAtATime) {
    for (const SlotWord word :
         {SlotWord(), SlotWord::mapped({0x0a000001, 65535}, 65535), SlotWord::mapped({1, 0}, 0),
          SlotWord::shared(0), SlotWord::shared(65535), SlotWord::reserved(),
          SlotWord::quarantined(1), SlotWord::quarantined(~0u)}) {
        EXPECT_EQ(word.is_free() + word.is_mapped() + word.is_shared() + word.is_reserved() +
                      word.is_quarantined(),
                  1)
            << std::hex << word.bits();
    }
}

TEST(Mappings, RefuseMemoryThatIsTooSmall) {
    flow::Memory memory(Mappings::bytes_for(1));
    EXPECT_THROW(Mappings(memory.bytes(), 2, 10), std::invalid_argument);
    EXPECT_THROW(Mappings(memory.bytes(), 0, 10), std::invalid_argument);
    EXPECT_NO_THROW(Mappings(memory.bytes(), 1, 10));
}

TEST(Mappings, CostLittleBesideASession) {
    const double index = sizeof(flow::Bucket) / 6.0;
    EXPECT_LE(flow::bytes_per_session + index + sizeof(Slot) + 0.2, 128);
}

TEST(Mappings, NumberExternalAddressesForAsLongAsTheyAreUsed) {
    SmallNat nat;
    EXPECT_EQ(nat.mappings.enlist(addr(203, 0, 113, 1)), 0u);
    EXPECT_EQ(nat.mappings.enlist(addr(203, 0, 113, 2)), 1u);
    EXPECT_EQ(nat.mappings.enlist(addr(203, 0, 113, 1)), 0u);
    EXPECT_EQ(nat.mappings.enlist(addr(203, 0, 113, 3)), std::nullopt);
    EXPECT_EQ(nat.mappings.enlist(addr(0, 0, 0, 0)), std::nullopt);

    const Acquired got = nat.mapper.acquire(udp(host(1)));
    EXPECT_FALSE(nat.mappings.drop(0)) << "in use";
    nat.mapper.release(got.id, 1);
    EXPECT_TRUE(nat.mappings.drop(0));
    EXPECT_EQ(nat.mappings.number_of(addr(203, 0, 113, 1)), std::nullopt);
    EXPECT_EQ(nat.mappings.enlist(addr(203, 0, 113, 3)), 0u);
}

TEST(Mappings, HandOutNoReservedPort) {
    SmallNat nat;
    EXPECT_EQ(nat.mappings.reserve(PortClass::udp, 0, {2000, 2009}), 0u);
    EXPECT_EQ(nat.mappings.reserve(PortClass::udp, 0, {2005, 2009}), 0u) << "again";
    EXPECT_EQ(nat.udp_level().reserved, 10u);
    EXPECT_EQ(nat.mapper.acquire(udp(host(1), {2000, 2009})).got, Got::no_port);
    EXPECT_EQ(nat.mapper.acquire_shared(PortClass::udp, 0, 2003).got, Got::no_port);
    EXPECT_EQ(nat.mapper.acquire(udp(host(1), {2000, 2010})).id.port(), 2010);
    EXPECT_EQ(nat.mappings.find(PortClass::udp, 0, 2003), std::nullopt);

    nat.mappings.unreserve(PortClass::udp, 0, {2000, 2004});
    EXPECT_EQ(nat.udp_level().reserved, 5u);
    EXPECT_LE(nat.mapper.acquire(udp(host(2), {2000, 2009})).id.port(), 2004);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mappings, ReserveAPortThatIsInUseWhenItIsAskedForAgain) {
    SmallNat nat(short_quarantine);
    const Acquired got = nat.mapper.acquire(udp(host(1), {65535, 65535}));
    EXPECT_EQ(nat.mappings.reserve(PortClass::udp, 0, {65530, 65535}), 1u);
    nat.mapper.release(got.id, 1);
    EXPECT_EQ(nat.mappings.reserve(PortClass::udp, 0, {65530, 65535}), 1u) << "rests";
    nat.mapper.tick(100);
    EXPECT_EQ(nat.mappings.reserve(PortClass::udp, 0, {65530, 65535}), 0u);
    EXPECT_EQ(what_is_wrong_with(nat.mappings), "");
}

TEST(Mappings, TellAnotherProcessTheirLevels) {
    SmallNat nat;
    nat.mappings.enlist(addr(203, 0, 113, 9));
    nat.mapper.acquire(udp(host(1)));
    const auto blocks = Mappings::blocks_in(nat.memory.bytes());
    ASSERT_EQ(blocks.size(), 2u);
    EXPECT_EQ(blocks[0].address, addr(203, 0, 113, 9).value);
    EXPECT_EQ(blocks[0].levels[static_cast<unsigned>(PortClass::udp)].used, 1u);
    EXPECT_TRUE(Mappings::blocks_in(nat.memory.bytes().first(100)).empty());
}

}  // namespace
}  // namespace sluice::nat
