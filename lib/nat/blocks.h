// SPDX-License-Identifier: BSD-3-Clause
// Blocks of external ports that subscribers hold (RFC 6888 section 4, "port-block allocation"): a
// log line a block instead of one a session. One allocator a rule, shared by all workers.
//
// A block is a run of ports of one external address, all classes of protocols together. It is one
// word: subscriber (32) | ordinal (8) | sessions (24). A subscriber's blocks at an address have
// ordinals from 0 on, by which the index finds them. A block without sessions rests as its ports
// do (RFC 6888 REQ-8): it stays its subscriber's until sweep() takes it away, and a session may
// come to it until then.
//
//   free 0 ──▶ moving ──▶ held, any number of sessions ──▶ moving ──▶ free
//              linked               sweep: had none for long, unlinked
//
// Nothing here outlives the process: adopt() for each session that has a port of a block.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/flow/free_places.h"
#include "lib/flow/index.h"
#include "lib/nat/mapper.h"
#include "lib/nat/private_memory.h"

namespace sluice::nat {

class BlockWord {
  public:
    static constexpr uint32_t most_sessions = (1u << 24) - 2;

    constexpr explicit BlockWord(uint64_t bits) noexcept : bits_(bits) {}
    constexpr BlockWord(uint32_t subscriber, uint32_t ordinal, uint32_t sessions) noexcept
        : bits_(uint64_t{subscriber} << 32 | uint64_t{ordinal} << 24 | sessions) {}
    static constexpr BlockWord moving(uint32_t subscriber, uint32_t ordinal) noexcept {
        return {subscriber, ordinal, most_sessions + 1};
    }
    constexpr uint64_t bits() const noexcept { return bits_; }
    constexpr uint32_t subscriber() const noexcept { return static_cast<uint32_t>(bits_ >> 32); }
    constexpr uint32_t ordinal() const noexcept { return bits_ >> 24 & 0xff; }
    constexpr uint32_t sessions() const noexcept { return bits_ & 0xffffff; }
    constexpr bool is_held() const noexcept { return bits_ != 0 && sessions() <= most_sessions; }

  private:
    uint64_t bits_;
};

// A block's number: external address by external address.
class BlockId {
  public:
    constexpr BlockId() noexcept = default;
    constexpr explicit BlockId(uint32_t number) noexcept : bits_(number) {}
    static constexpr BlockId from_bits(uint32_t bits) noexcept { return BlockId(bits); }
    constexpr uint32_t bits() const noexcept { return bits_; }
    constexpr bool exists() const noexcept { return bits_ != none; }
    constexpr bool operator==(const BlockId&) const noexcept = default;

  private:
    static constexpr uint32_t none = ~uint32_t{0};
    uint32_t bits_ = none;
};

// What the index knows blocks by: subscriber, external address, ordinal.
struct BlockKeys {
    using Value = BlockId;
    std::span<std::atomic<uint64_t>> words;
    uint32_t blocks_an_address;

    static flow::FlowKey key_of(uint32_t subscriber, uint32_t address, uint32_t ordinal) noexcept;
    bool holds(BlockId id) const noexcept { return id.bits() < words.size(); }
    flow::FlowKey key(BlockId) const noexcept;
    bool is_live(BlockId id) const noexcept { return word(id).is_held(); }
    void prefetch(BlockId id) const noexcept { __builtin_prefetch(&words[id.bits()]); }
    BlockWord word(BlockId id) const noexcept {
        return BlockWord(words[id.bits()].load(std::memory_order_acquire));
    }
};

class BlockAllocator {
  public:
    static constexpr uint32_t most_blocks = 256;  // of a subscriber at one address
    static constexpr uint32_t swept_a_call = 256;

    struct Shape {
        PortRange ports;  // of each address; those that fill no block are not used
        uint32_t block_size;
        uint32_t addresses;  // numbers of external addresses are below this
    };
    // Throws std::invalid_argument for a shape without a block.
    explicit BlockAllocator(const Shape&);

    // A mapping as by Mapper::acquire(), at a port of one of the subscriber's blocks at the wish's
    // address; the wish's range counts for nothing. The subscriber gets another block where those
    // he has are full, up to `most` at that address (at_limit); no_port: the address has none left.
    // The session that uses the mapping holds the block.
    struct Result {
        Acquired mapping;
        bool holds_block = false;  // to be given to release() when the session has ended
        bool new_block = false;    // the one that holds the port: to be logged
    };
    Result acquire(Mapper&, const Wish&, uint32_t most, uint32_t now) noexcept;
    // The same as by Mapper::join().
    Result join(Mapper&, MappingId, Endpoint internal, uint32_t now) noexcept;
    // A session of the subscriber's has ended that held its mapping's block; after
    // Mapper::release().
    void release(MappingId, uint32_t subscriber, uint32_t now) noexcept;
    // At start, for each session whose mapping was adopted. False if the port is in no block, or in
    // one of another subscriber (blocks were of another size before): it holds no block then.
    bool adopt(MappingId, Endpoint internal) noexcept;

    // One thread, now and then: takes away blocks that no session has used for so many ticks, of
    // a bounded number a call, and tells `each` of those.
    struct Swept {
        uint32_t subscriber;
        uint32_t address;  // number of the external one
        PortRange ports;
    };
    template <typename Each>
    void sweep(uint32_t now, uint32_t rest, Each&& each) noexcept {
        for (uint32_t n = std::min<uint32_t>(swept_a_call, keys_.words.size()); n > 0; --n) {
            if (const auto swept = sweep_next(now, rest)) each(*swept);
        }
    }
    void sweep(uint32_t now, uint32_t rest) noexcept {
        sweep(now, rest, [](const Swept&) {});
    }
    // The same thread: takes away all blocks of an external address, whatever sessions they have,
    // once nobody asks for its ports any more. False if one is left, since another worker was in
    // the way.
    template <typename Each>
    bool take_all(uint32_t address, Each&& each) noexcept {
        bool all = true;
        for (uint32_t n = 0; n < blocks_an_address_; ++n) {
            const BlockId id(address * blocks_an_address_ + n);
            if (free_.is_free(id.bits())) continue;
            const auto taken = take_away(id, keys_.word(id));
            all = all && taken.has_value();
            if (taken) each(*taken);
        }
        return all;
    }

    PortRange range_of(MappingId) const noexcept;  // of the block that the port is in
    bool is_held_by(MappingId, uint32_t subscriber) const noexcept;
    uint32_t free_blocks() const noexcept { return free_.count(); }

  private:
    BlockId block_of(MappingId) const noexcept;
    PortRange range_of(BlockId) const noexcept;
    bool hold(BlockId, uint32_t subscriber) noexcept;
    void let_go(BlockId, uint32_t subscriber, uint32_t now) noexcept;
    Result acquire_in(Mapper&, const Wish&, BlockId, uint32_t now) noexcept;
    Result acquire_in_new(Mapper&, const Wish&, uint32_t most, uint32_t now) noexcept;
    BlockId take(uint32_t address, Random&) noexcept;
    bool give(BlockId, uint32_t subscriber, uint32_t ordinal) noexcept;
    std::optional<Swept> sweep_next(uint32_t now, uint32_t rest) noexcept;
    std::optional<Swept> sweep_one(BlockId, uint32_t now, uint32_t rest) noexcept;
    std::optional<Swept> take_away(BlockId, BlockWord as_it_is) noexcept;

    Shape shape_;
    uint32_t blocks_an_address_;
    PrivateMemory words_;
    PrivateMemory idle_since_;
    PrivateMemory free_words_;
    PrivateMemory buckets_;
    BlockKeys keys_;
    std::span<std::atomic<uint32_t>> idle_since_of_;  // tick; of blocks without sessions
    flow::BasicIndex<BlockKeys> index_;
    flow::FreePlaces free_;
    uint32_t sweep_at_ = 0;
};

}  // namespace sluice::nat
