// SPDX-License-Identifier: BSD-3-Clause
// All mappings of the NAT: who has which external port. One object, shared by all workers; each of
// them makes and ends mappings by a Mapper of its own (mapper.h).
//
//   shared memory    an AddressBlock for each external address │ slots, 2 MiB an address
//   the process's    an index by internal endpoint │ a bit for each external port that is taken
//
// Numbers of addresses are below addresses(), ports of the class `address` are 0.
//
// Shared memory outlives the process and grows at its end alone. The rest is made anew by adoption
// from the sessions that live. Nothing is written to before it is needed.
//
// A port's bit belongs to whoever set it, and with it the slot, until that says who has it. So no
// two mappings can come by one external endpoint. No two mappings of one internal endpoint are in
// the index, which the index sees to: so there are none.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/flow/free_places.h"
#include "lib/flow/index.h"
#include "lib/nat/mapping.h"
#include "lib/nat/private_memory.h"
#include "lib/nat/quarantine.h"
#include "lib/net/address.h"

namespace sluice::nat {

// How many of a class's ports at one address are what. Counted up before and down after, so a
// number is never too low, also when the process was killed.
struct Level {
    std::atomic<uint32_t> used;  // mapped or shared
    std::atomic<uint32_t> quarantined;
    std::atomic<uint32_t> reserved;
    uint64_t sum() const noexcept { return uint64_t{used} + quarantined + reserved; }
    bool is_zero() const noexcept { return sum() == 0; }
};

struct alignas(64) AddressBlock {
    std::atomic<uint32_t> address;  // host order; 0: the place is free
    uint32_t reserved;
    Level levels[port_classes];
};
static_assert(sizeof(AddressBlock) == 64);

// What the index knows mappings by: the internal endpoint and the number of the external address,
// so that an internal endpoint may have a mapping at each.
struct MappingKeys {
    using Value = MappingId;
    std::span<Slot> slots;

    // Seen by the index alone, so its fields are as they come.
    static flow::FlowKey key_of(PortClass port_class, Endpoint internal,
                                uint32_t address_index) noexcept {
        constexpr uint32_t any = ~uint32_t{0};  // a host has one whole address, whichever it is
        constexpr uint64_t realm = 1;
        const uint64_t external = port_class == PortClass::address ? any : address_index;
        return flow::key_of_words(
            internal.address | external << 32,
            internal.port | uint64_t{static_cast<uint8_t>(port_class)} << 32 | realm << 40);
    }
    bool holds(MappingId id) const noexcept { return id.bits() < slots.size(); }
    flow::FlowKey key(MappingId id) const noexcept {
        return key_of(id.port_class(), word(id).internal(), id.address_index());
    }
    bool is_live(MappingId id) const noexcept { return word(id).sessions() != 0; }
    void prefetch(MappingId id) const noexcept { sluice::prefetch(&slots[id.bits()]); }
    SlotWord word(MappingId id) const noexcept {
        return SlotWord(slots[id.bits()].load(std::memory_order_acquire));
    }
};
using MappingIndex = flow::BasicIndex<MappingKeys>;

class Mappings {
  public:
    // Of shared memory: aligned to 64, zeroed or as the last process left it, for 1 to
    // most_addresses. Memory for more addresses begins as that for fewer does.
    static size_t bytes_for(uint32_t addresses) noexcept;
    // At most `most_mappings` at a time, of internal endpoints; at least 1. That many sessions are
    // always enough.
    Mappings(std::span<std::byte> memory, uint32_t addresses, uint32_t most_mappings);
    Mappings(const Mappings&) = delete;
    Mappings& operator=(const Mappings&) = delete;

    // For one thread, the main one. Numbers of external addresses: an address keeps its own, from
    // process to process, until it is dropped. Nothing if all are in use.
    std::optional<uint32_t> number_of(net::Ipv4Address) const noexcept;
    std::optional<uint32_t> enlist(net::Ipv4Address) noexcept;
    // False as long as a port of the address is in use, quarantined or reserved.
    bool drop(uint32_t address_index) noexcept;

    // For one thread: keeps a forward's ports from being handed out. Returns how many of them a
    // mapping still has, or a quarantine: to be asked again later. Ports may be reserved twice.
    uint32_t reserve(PortClass, uint32_t address_index, PortRange) noexcept;
    void unreserve(PortClass, uint32_t address_index, PortRange) noexcept;

    // Before any Mapper is made, and once at each start. begin, then a call for each live session,
    // then end, from where what no session uses is quarantined. False if the external endpoint
    // is another's: that session can not be, and is to be dropped.
    void begin_adoption() noexcept;
    bool adopt(MappingId, Endpoint internal) noexcept;
    bool adopt_shared(MappingId) noexcept;
    void end_adoption(uint32_t now, const QuarantineTimes&) noexcept;

    // Before any Mapper is used: how many of them there are at a time. Several, unless this is
    // said.
    void set_writers(flow::Writers writers) noexcept {
        writers_ = writers;
        index_.set_writers(writers);
    }

    // A mark on a mapping, of whoever has it for one of his sessions; false if it has it already.
    // The last session's end takes it away. Nothing of it outlives the process.
    bool mark(MappingId) noexcept;

    // Any thread, any time. Who has that external port, for packets that nobody asked for; nothing
    // for shared ones too.
    std::optional<Endpoint> find(PortClass, uint32_t address_index, uint16_t port) const noexcept;
    // The other way round: the mapping of an internal endpoint at an external address, or none.
    MappingId find_external(PortClass port_class, Endpoint internal,
                            uint32_t address_index) const noexcept {
        return index_.find(MappingKeys::key_of(port_class, internal, address_index));
    }
    const Level& level(PortClass, uint32_t address_index) const noexcept;
    uint32_t addresses() const noexcept { return static_cast<uint32_t>(blocks_.size()); }

    SlotWord word(MappingId id) const noexcept { return keys_.word(id); }
    bool is_taken(MappingId id) const noexcept { return !ports(id).is_free(place_of(id)); }
    // For fetching ahead: what says whether the port is taken, and whose it is; and the port that
    // whoever wants this one would get now, if it is near.
    void prefetch(MappingId id) const noexcept {
        ports(id).prefetch(place_of(id));
        keys_.prefetch(id);
    }
    MappingId prefetch_free(MappingId wanted) const noexcept {
        return is_taken(wanted) ? prefetch_next_free(wanted) : wanted;
    }
    const MappingIndex& index() const noexcept { return index_; }

    // The address blocks in a memory that another process writes; empty where there are none.
    static std::span<const AddressBlock> blocks_in(std::span<const std::byte> memory) noexcept;

  private:
    friend class Mapper;
    static constexpr size_t bit_words = flow::FreePlaces::words_for(ports_a_class);
    static constexpr size_t classes_with_ports = 3;

    // Where a port lies among the bits: first the even ones, then the odd ones, so that ports of
    // one parity (RFC 4787 REQ-4) are neighbours.
    static uint32_t place_of(uint16_t port) noexcept { return port >> 1 | (port & 1u) << 15; }
    static uint32_t place_of(MappingId id) noexcept {
        return id.port_class() == PortClass::address ? id.address_index() : place_of(id.port());
    }
    static uint16_t port_at(uint32_t place) noexcept {
        return static_cast<uint16_t>(place << 1 | place >> 15);
    }
    // Whole addresses have their bits together, so that a look through a pool stays in a few lines.
    flow::FreePlaces ports(MappingId id) const noexcept {
        if (id.port_class() == PortClass::address) return {whole_addresses_, most_addresses};
        const size_t which =
            id.address_index() * classes_with_ports + static_cast<size_t>(id.port_class());
        return {bits_.as<std::atomic<uint64_t>>().subspan(which * bit_words, bit_words),
                ports_a_class};
    }
    MappingId prefetch_next_free(MappingId) const noexcept;
    bool take_bit(MappingId id) noexcept { return ports(id).take_this(place_of(id)); }
    // The same, without a locked instruction where it is not.
    bool take_bit_if_free(MappingId id) noexcept {
        flow::FreePlaces places = ports(id);
        const uint32_t place = place_of(id);
        return places.is_free(place) && places.take_this(place);
    }
    void give_bit(MappingId id) noexcept { ports(id).give(place_of(id)); }
    // Both for the owner of the port's bit: gives a slot that was free its meaning, or ends that.
    void fill(MappingId, SlotWord, std::atomic<uint32_t>& count) noexcept;
    void free(MappingId, std::atomic<uint32_t>& count) noexcept;
    // For who ends the mapping: whether it had a mark.
    bool take_mark(MappingId) noexcept;

    Slot& slot(MappingId id) const noexcept { return keys_.slots[id.bits()]; }
    Level& level(MappingId id) const noexcept {
        return blocks_[id.address_index()].levels[static_cast<unsigned>(id.port_class())];
    }
    template <typename Function>
    void each_level_in_use(Function&&);
    template <typename Function>
    void each_slot_in_use(MappingId first, Function&&);
    bool adopt_first(MappingId, SlotWord wanted) noexcept;
    void claim(MappingId) noexcept;

    std::span<AddressBlock> blocks_;
    MappingKeys keys_;
    PrivateMemory bits_;
    PrivateMemory marks_;  // a bit for each slot
    std::atomic<bool> any_marks_ = false;
    PrivateMemory buckets_;
    mutable std::array<std::atomic<uint64_t>, flow::FreePlaces::words_for(most_addresses)>
        whole_addresses_{};
    MappingIndex index_;
    flow::Writers writers_ = flow::Writers::several;
    Quarantine inherited_;  // what adoption found resting, or in use by no session
    std::atomic<bool> inherited_taken_ = false;
};

}  // namespace sluice::nat
