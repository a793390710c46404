// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/blocks.h"

#include <algorithm>
#include <stdexcept>

#include "lib/flow/index_body.h"

namespace sluice::flow {
template class BasicIndex<nat::BlockKeys>;
}

namespace sluice::nat {
namespace {

using Linked = flow::BasicIndex<BlockKeys>::Linked;

uint32_t blocks_in(const BlockAllocator::Shape& shape) {
    const uint32_t ports =
        shape.ports.last < shape.ports.first ? 0 : shape.ports.last - shape.ports.first + 1u;
    if (shape.block_size == 0 || ports < shape.block_size || shape.addresses == 0) {
        throw std::invalid_argument("port blocks: there is not one in these ports");
    }
    return ports / shape.block_size;
}

size_t buckets_for(size_t blocks) noexcept { return std::max<size_t>(4, (blocks + 5) / 6); }

}  // namespace

flow::FlowKey BlockKeys::key_of(uint32_t subscriber, uint32_t address, uint32_t ordinal) noexcept {
    flow::FlowKey key{};
    key.source = net::be32(subscriber);
    key.destination = net::be32(address);
    key.source_port = net::be16(static_cast<uint16_t>(ordinal));
    return key;
}

flow::FlowKey BlockKeys::key(BlockId id) const noexcept {
    return key_of(word(id).subscriber(), id.bits() / blocks_an_address, word(id).ordinal());
}

BlockAllocator::BlockAllocator(const Shape& shape)
    : shape_(shape),
      blocks_an_address_(blocks_in(shape)),
      words_(size_t{shape.addresses} * blocks_an_address_ * sizeof(uint64_t)),
      idle_since_(size_t{shape.addresses} * blocks_an_address_ * sizeof(uint32_t)),
      free_words_(flow::FreePlaces::words_for(shape.addresses * blocks_an_address_) *
                  sizeof(uint64_t)),
      buckets_(buckets_for(size_t{shape.addresses} * blocks_an_address_) * sizeof(flow::Bucket)),
      keys_{words_.as<std::atomic<uint64_t>>(), blocks_an_address_},
      idle_since_of_(idle_since_.as<std::atomic<uint32_t>>()),
      index_(buckets_.as<flow::Bucket>(), keys_, flow::random_secret()),
      free_(free_words_.as<std::atomic<uint64_t>>(), shape.addresses * blocks_an_address_) {}

BlockId BlockAllocator::block_of(MappingId id) const noexcept {
    if (id.address_index() >= shape_.addresses || id.port() < shape_.ports.first) return {};
    const uint32_t block = (id.port() - shape_.ports.first) / shape_.block_size;
    if (block >= blocks_an_address_) return {};
    return BlockId(id.address_index() * blocks_an_address_ + block);
}

PortRange BlockAllocator::range_of(BlockId id) const noexcept {
    const uint32_t first = shape_.ports.first + id.bits() % blocks_an_address_ * shape_.block_size;
    return {static_cast<uint16_t>(first), static_cast<uint16_t>(first + shape_.block_size - 1)};
}

PortRange BlockAllocator::range_of(MappingId id) const noexcept {
    const BlockId block = block_of(id);
    return block.exists() ? range_of(block) : PortRange{id.port(), id.port()};
}

bool BlockAllocator::is_held_by(MappingId id, uint32_t subscriber) const noexcept {
    const BlockId block = block_of(id);
    return block.exists() && keys_.is_live(block) && keys_.word(block).subscriber() == subscriber;
}

bool BlockAllocator::hold(BlockId id, uint32_t subscriber) noexcept {
    std::atomic<uint64_t>& word = keys_.words[id.bits()];
    uint64_t bits = word.load(std::memory_order_acquire);
    while (BlockWord(bits).is_held() && BlockWord(bits).subscriber() == subscriber &&
           BlockWord(bits).sessions() < BlockWord::most_sessions) {
        if (word.compare_exchange_weak(bits, bits + 1)) return true;
    }
    return false;
}

// Whoever could not be adopted holds nothing, and so nothing of another's is taken away.
void BlockAllocator::let_go(BlockId id, uint32_t subscriber, uint32_t now) noexcept {
    std::atomic<uint64_t>& word = keys_.words[id.bits()];
    idle_since_of_[id.bits()].store(now, std::memory_order_relaxed);
    uint64_t bits = word.load(std::memory_order_acquire);
    while (BlockWord(bits).is_held() && BlockWord(bits).subscriber() == subscriber &&
           BlockWord(bits).sessions() > 0) {
        if (word.compare_exchange_weak(bits, bits - 1)) return;
    }
}

BlockAllocator::Result BlockAllocator::acquire(Mapper& mapper, const Wish& wish, uint32_t most,
                                               uint32_t now) noexcept {
    const MappingId known =
        mapper.mappings().find_external(wish.port_class, wish.internal, wish.address_index);
    if (known.exists()) return join(mapper, known, wish.internal, now);
    most = std::min(most, most_blocks);
    for (uint32_t ordinal = 0; ordinal < most; ++ordinal) {
        const BlockId block =
            index_.find(BlockKeys::key_of(wish.internal.address, wish.address_index, ordinal));
        if (!block.exists()) continue;
        const Result got = acquire_in(mapper, wish, block, now);
        if (got.mapping.got != Got::no_port) return got;
    }
    return acquire_in_new(mapper, wish, most, now);
}

// Holds the block before the mapping, as every session does: so the block of a mapping that has
// sessions is not taken away. A mapping may also be older than the blocks, and then in none.
BlockAllocator::Result BlockAllocator::join(Mapper& mapper, MappingId id, Endpoint internal,
                                            uint32_t now) noexcept {
    const BlockId block = block_of(id);
    const bool holds = block.exists() && hold(block, internal.address);
    const Acquired got = mapper.join(id, internal);
    if (holds && !got.ok()) let_go(block, internal.address, now);
    return {got, holds && got.ok()};
}

BlockAllocator::Result BlockAllocator::acquire_in(Mapper& mapper, const Wish& wish, BlockId block,
                                                  uint32_t now) noexcept {
    if (!hold(block, wish.internal.address)) return {{Got::busy, {}}};
    Wish in_block = wish;
    in_block.range = range_of(block);
    const Acquired got = mapper.acquire(in_block);
    if (got.ok() && block_of(got.id) == block) return {got, true};
    let_go(block, wish.internal.address, now);
    if (!got.ok()) return {got};
    // Another worker made the mapping meanwhile, in another block of the subscriber's.
    mapper.release(got.id, now);
    return {{Got::busy, {}}};
}

BlockAllocator::Result BlockAllocator::acquire_in_new(Mapper& mapper, const Wish& wish,
                                                      uint32_t most, uint32_t now) noexcept {
    for (uint32_t ordinal = 0; ordinal < most; ++ordinal) {
        const uint32_t subscriber = wish.internal.address;
        const auto key = BlockKeys::key_of(subscriber, wish.address_index, ordinal);
        if (index_.find(key).exists()) continue;
        const BlockId block = take(wish.address_index, mapper.random());
        if (!block.exists()) return {{Got::no_port, {}}};
        if (!give(block, subscriber, ordinal)) return {{Got::busy, {}}};
        Result got = acquire_in(mapper, wish, block, now);
        got.new_block = got.mapping.ok();
        if (got.mapping.got != Got::no_port) return got;
    }
    return {{Got::at_limit, {}}};
}

// At random, so that nobody guesses where a subscriber's ports are.
BlockId BlockAllocator::take(uint32_t address, Random& random) noexcept {
    const uint32_t begin = address * blocks_an_address_;
    const uint32_t place = free_.take_between(begin, begin + blocks_an_address_,
                                              begin + random.below(blocks_an_address_));
    return place == flow::FreePlaces::none ? BlockId() : BlockId(place);
}

// False if another worker gives the subscriber the same, or takes it away.
bool BlockAllocator::give(BlockId id, uint32_t subscriber, uint32_t ordinal) noexcept {
    std::atomic<uint64_t>& word = keys_.words[id.bits()];
    word.store(BlockWord::moving(subscriber, ordinal).bits(), std::memory_order_release);
    if (index_.link(id).linked == Linked::ok) {
        word.store(BlockWord(subscriber, ordinal, 0).bits(), std::memory_order_release);
        return true;
    }
    word.store(0, std::memory_order_release);
    free_.give(id.bits());
    return false;
}

void BlockAllocator::release(MappingId id, uint32_t subscriber, uint32_t now) noexcept {
    if (const BlockId block = block_of(id); block.exists()) let_go(block, subscriber, now);
}

bool BlockAllocator::adopt(MappingId id, Endpoint internal) noexcept {
    const BlockId block = block_of(id);
    if (!block.exists()) return false;
    if (hold(block, internal.address)) return true;
    if (!free_.take_this(block.bits())) return false;
    for (uint32_t ordinal = 0; ordinal < most_blocks; ++ordinal) {
        const auto key = BlockKeys::key_of(internal.address, id.address_index(), ordinal);
        if (!index_.find(key).exists()) {
            return give(block, internal.address, ordinal) && hold(block, internal.address);
        }
    }
    free_.give(block.bits());
    return false;
}

std::optional<BlockAllocator::Swept> BlockAllocator::sweep_next(uint32_t now,
                                                                uint32_t rest) noexcept {
    const BlockId id(sweep_at_);
    sweep_at_ = sweep_at_ + 1 == keys_.words.size() ? 0 : sweep_at_ + 1;
    return free_.is_free(id.bits()) ? std::nullopt : sweep_one(id, now, rest);
}

std::optional<BlockAllocator::Swept> BlockAllocator::sweep_one(BlockId id, uint32_t now,
                                                               uint32_t rest) noexcept {
    const BlockWord word = keys_.word(id);
    if (!word.is_held() || word.sessions() != 0) return {};
    if (now - idle_since_of_[id.bits()].load(std::memory_order_relaxed) < rest) return {};
    return take_away(id, word);
}

// Where another worker is at the bucket, the block stays for the next time.
std::optional<BlockAllocator::Swept> BlockAllocator::take_away(BlockId id,
                                                               BlockWord as_it_is) noexcept {
    if (!as_it_is.is_held()) return {};
    std::atomic<uint64_t>& word = keys_.words[id.bits()];
    uint64_t held = as_it_is.bits();
    const BlockWord moving = BlockWord::moving(as_it_is.subscriber(), as_it_is.ordinal());
    if (!word.compare_exchange_strong(held, moving.bits())) return {};
    const bool gone = index_.unlink(id);
    word.store(gone ? 0 : as_it_is.bits(), std::memory_order_release);
    if (!gone) return {};
    free_.give(id.bits());
    return Swept{as_it_is.subscriber(), id.bits() / blocks_an_address_, range_of(id)};
}

}  // namespace sluice::nat
