// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/mappings.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "lib/flow/index_body.h"

namespace sluice::flow {
template class BasicIndex<nat::MappingKeys>;
}

namespace sluice::nat {
namespace {

constexpr size_t slots_an_address = size_t{port_classes} * ports_a_class;
constexpr size_t slots_at = most_addresses * sizeof(AddressBlock);

std::span<std::byte> checked(std::span<std::byte> memory, uint32_t addresses) {
    if (addresses == 0 || addresses > most_addresses ||
        memory.size() < Mappings::bytes_for(addresses)) {
        throw std::invalid_argument("mappings at " + std::to_string(addresses) +
                                    " addresses do not fit their memory");
    }
    return memory;
}

size_t buckets_for(uint32_t mappings) noexcept {
    constexpr size_t fewest = 4;  // or few keys would have too few buckets to choose from
    constexpr size_t keys_per_bucket = 6;
    return std::max(fewest, (size_t{mappings} + keys_per_bucket - 1) / keys_per_bucket);
}

}  // namespace

size_t Mappings::bytes_for(uint32_t addresses) noexcept {
    return slots_at + addresses * slots_an_address * sizeof(Slot);
}

Mappings::Mappings(std::span<std::byte> memory, uint32_t addresses, uint32_t most_mappings)
    : blocks_(reinterpret_cast<AddressBlock*>(checked(memory, addresses).data()), addresses),
      keys_{{reinterpret_cast<Slot*>(memory.data() + slots_at), addresses * slots_an_address}},
      bits_(addresses * classes_with_ports * bit_words * sizeof(uint64_t)),
      marks_(addresses * slots_an_address / 8),
      buckets_(buckets_for(most_mappings) * sizeof(flow::Bucket)),
      index_(buckets_.as<flow::Bucket>(), keys_, flow::random_secret()),
      inherited_(keys_.slots) {
    bits_.use_huge_pages();
    buckets_.make_present();
}

std::optional<uint32_t> Mappings::number_of(net::Ipv4Address address) const noexcept {
    const auto found = std::ranges::find_if(
        blocks_, [&](const AddressBlock& block) { return block.address == address.value; });
    if (found == blocks_.end() || address.is_unspecified()) return {};
    return static_cast<uint32_t>(found - blocks_.begin());
}

std::optional<uint32_t> Mappings::enlist(net::Ipv4Address address) noexcept {
    if (const auto known = number_of(address)) return known;
    const auto place =
        std::ranges::find_if(blocks_, [](const AddressBlock& block) { return block.address == 0; });
    if (place == blocks_.end() || address.is_unspecified()) return {};
    place->address = address.value;
    return static_cast<uint32_t>(place - blocks_.begin());
}

bool Mappings::drop(uint32_t address_index) noexcept {
    AddressBlock& block = blocks_[address_index];
    const auto in_use = [](const Level& level) { return !level.is_zero(); };
    if (std::ranges::any_of(block.levels, in_use)) return false;
    block.address = 0;
    return true;
}

uint32_t Mappings::reserve(PortClass port_class, uint32_t address_index, PortRange range) noexcept {
    uint32_t in_use = 0;
    for (uint32_t port = range.first; port <= range.last; ++port) {
        const MappingId id(port_class, address_index, static_cast<uint16_t>(port));
        if (word(id).is_reserved()) continue;
        if (take_bit(id)) {
            fill(id, SlotWord::reserved(), level(id).reserved);
        } else {
            ++in_use;
        }
    }
    return in_use;
}

void Mappings::unreserve(PortClass port_class, uint32_t address_index, PortRange range) noexcept {
    for (uint32_t port = range.first; port <= range.last; ++port) {
        const MappingId id(port_class, address_index, static_cast<uint16_t>(port));
        if (word(id).is_reserved()) free(id, level(id).reserved);
    }
}

std::optional<Endpoint> Mappings::find(PortClass port_class, uint32_t address_index,
                                       uint16_t port) const noexcept {
    const SlotWord found = word(MappingId(port_class, address_index, port));
    if (!found.is_mapped() || found.sessions() == 0) return {};
    return found.internal();
}

const Level& Mappings::level(PortClass port_class, uint32_t address_index) const noexcept {
    return level(MappingId(port_class, address_index, 0));
}

std::span<const AddressBlock> Mappings::blocks_in(std::span<const std::byte> memory) noexcept {
    if (memory.size() < bytes_for(1)) return {};
    const size_t addresses = (memory.size() - slots_at) / (slots_an_address * sizeof(Slot));
    return {reinterpret_cast<const AddressBlock*>(memory.data()),
            std::min<size_t>(addresses, most_addresses)};
}

MappingId Mappings::prefetch_next_free(MappingId wanted) const noexcept {
    const uint32_t place = ports(wanted).next_free(place_of(wanted));
    if (place >= ports_a_class) return wanted;
    const MappingId id(wanted.port_class(), wanted.address_index(), port_at(place));
    keys_.prefetch(id);
    return id;
}

void Mappings::fill(MappingId id, SlotWord word, std::atomic<uint32_t>& count) noexcept {
    flow::add_to(count, 1, writers_);
    slot(id).store(word.bits(), std::memory_order_release);
}

void Mappings::free(MappingId id, std::atomic<uint32_t>& count) noexcept {
    slot(id).store(0, std::memory_order_release);
    flow::add_to(count, -1, writers_);
    give_bit(id);
}

bool Mappings::mark(MappingId id) noexcept {
    any_marks_.store(true, std::memory_order_relaxed);
    const uint64_t bit = uint64_t{1} << id.bits() % 64;
    return (marks_.as<std::atomic<uint64_t>>()[id.bits() / 64].fetch_or(bit) & bit) == 0;
}

bool Mappings::take_mark(MappingId id) noexcept {
    if (!any_marks_.load(std::memory_order_relaxed)) return false;
    std::atomic<uint64_t>& word = marks_.as<std::atomic<uint64_t>>()[id.bits() / 64];
    const uint64_t bit = uint64_t{1} << id.bits() % 64;
    return (word.load() & bit) != 0 && (word.fetch_and(~bit) & bit) != 0;
}

}  // namespace sluice::nat
