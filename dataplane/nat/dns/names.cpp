// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/dns/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace sluice::nat::dns {
namespace {

constexpr size_t header_bytes = 12, record_bytes = 10;  // the latter from type to length
constexpr uint8_t pointer_bits = 0xc0;
constexpr unsigned octets = 4, labels_of_address = 6;
constexpr unsigned most_labels = 128, most_moves = 64;

constexpr bool is_pointer(uint8_t length) noexcept {
    return (length & pointer_bits) == pointer_bits;
}

constexpr char small(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_same_word(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, small, small);  // RFC 4343 3
}

// Where names are in a record's data (RFC 1035 3.3, and later types whose names some compress).
struct NamesIn {
    uint8_t before;  // bytes
    uint8_t names;
};
constexpr NamesIn names_in(uint16_t type) noexcept {
    switch (type) {
        case 2:   // NS
        case 3:   // MD
        case 4:   // MF
        case 5:   // CNAME
        case 7:   // MB
        case 8:   // MG
        case 9:   // MR
        case 12:  // PTR
        case 39:  // DNAME
            return {0, 1};
        case 6:   // SOA
        case 14:  // MINFO
        case 17:  // RP
            return {0, 2};
        case 15:  // MX
        case 18:  // AFSDB
        case 21:  // RT
            return {2, 1};
        case 33:  // SRV
            return {6, 1};
        default: return {0, 0};
    }
}

// A name that is read through to its end, wherever its pointers lead.
struct Name {
    std::array<std::string_view, labels_of_address> labels;
    std::array<uint16_t, labels_of_address> at;  // places of those that stand here
    unsigned count = 0;
    unsigned here = 0;    // labels before the first pointer
    bool points = false;  // there is one
    size_t bytes = 0;     // that it takes up here
};

// The address whose name it is.
std::optional<net::Ipv4Address> address_of(const Name& name) noexcept {
    if (name.count != labels_of_address || !is_same_word(name.labels[4], "in-addr") ||
        !is_same_word(name.labels[5], "arpa")) {
        return {};
    }
    uint32_t address = 0;
    for (unsigned i = octets; i-- > 0;) {
        const std::string_view digits = name.labels[i];
        uint32_t octet = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), octet);
        if (error != std::errc{} || end != digits.data() + digits.size() || octet > 255) return {};
        address = address << 8 | octet;
    }
    return net::Ipv4Address{address};
}

class Copy {
  public:
    Copy(std::span<const uint8_t> message, std::span<uint8_t> room, OtherSide& other) noexcept
        : from_(message), to_(room), other_(other) {}

    bool make() noexcept;
    size_t size() const noexcept { return end_; }
    bool has_changes() const noexcept { return moves_ > 0; }

  private:
    struct Move {
        size_t from, to;
    };

    uint16_t word(size_t at) const noexcept {
        return static_cast<uint16_t>(from_[at] << 8 | from_[at + 1]);
    }
    bool copy_bytes(size_t count) noexcept;
    bool put(uint8_t byte) noexcept;
    bool copy_record() noexcept;
    bool copy_name() noexcept;
    bool copy_as_it_is(const Name& name) noexcept;
    bool write(const Name& name, net::Ipv4Address address) noexcept;
    bool write_label(std::string_view text) noexcept;
    bool note_move(size_t from) noexcept;
    size_t moved(size_t place) const noexcept;
    std::optional<Name> read_name() const noexcept;

    std::span<const uint8_t> from_;
    std::span<uint8_t> to_;
    OtherSide& other_;
    size_t at_ = 0, end_ = 0;  // in the one and the other
    std::array<Move, most_moves> move_;
    unsigned moves_ = 0;
};

bool Copy::make() noexcept {
    if (from_.size() < header_bytes || !copy_bytes(header_bytes)) return false;
    for (unsigned questions = word(4); questions > 0; --questions) {
        if (!copy_name() || !copy_bytes(4)) return false;
    }
    for (uint32_t records = uint32_t{word(6)} + word(8) + word(10); records > 0; --records) {
        if (!copy_record()) return false;
    }
    return copy_bytes(from_.size() - at_);
}

bool Copy::copy_bytes(size_t count) noexcept {
    if (count > from_.size() - at_ || count > to_.size() - end_) return false;
    if (count > 0) std::memcpy(&to_[end_], &from_[at_], count);
    at_ += count;
    end_ += count;
    return true;
}

bool Copy::put(uint8_t byte) noexcept {
    if (end_ == to_.size()) return false;
    to_[end_++] = byte;
    return true;
}

bool Copy::copy_record() noexcept {
    if (!copy_name() || !copy_bytes(record_bytes)) return false;
    const size_t begin = at_, length = word(begin - 2), begins_at = end_;
    const NamesIn in = names_in(word(begin - record_bytes));
    if (length > from_.size() - begin) return false;
    if (in.names > 0 && !copy_bytes(std::min<size_t>(in.before, length))) return false;
    for (unsigned n = 0; n < in.names; ++n) {
        if (!copy_name()) return false;
    }
    if (at_ > begin + length || !copy_bytes(begin + length - at_)) return false;
    const size_t now = end_ - begins_at;
    to_[begins_at - 2] = static_cast<uint8_t>(now >> 8);
    to_[begins_at - 1] = static_cast<uint8_t>(now);
    return now <= 0xffff;
}

bool Copy::copy_name() noexcept {
    const auto name = read_name();
    if (!name) return false;
    const auto address = name->here > 0 ? address_of(*name) : std::nullopt;
    const auto other = address ? other_.of(*address) : std::nullopt;
    return other ? write(*name, *other) : copy_as_it_is(*name);
}

bool Copy::copy_as_it_is(const Name& name) noexcept {
    if (!name.points) return copy_bytes(name.bytes);
    if (!copy_bytes(name.bytes - 2)) return false;
    const size_t to = moved(word(at_) & 0x3fff);
    at_ += 2;
    return to <= 0x3fff && put(static_cast<uint8_t>(pointer_bits | to >> 8)) &&
           put(static_cast<uint8_t>(to));
}

// In full, whatever of it was a pointer. Who points at one of its labels finds the same one.
bool Copy::write(const Name& name, net::Ipv4Address address) noexcept {
    for (unsigned i = 0; i < labels_of_address; ++i) {
        if (i < name.here && !note_move(name.at[i])) return false;
        char digits[3];
        const uint32_t octet = i < octets ? address.value >> 8 * i & 0xff : 0;
        const char* const end = std::to_chars(digits, digits + sizeof digits, octet).ptr;
        const bool is_octet = i < octets;
        if (!write_label(is_octet ? std::string_view(digits, end) : name.labels[i])) return false;
    }
    at_ += name.bytes;
    return put(0) && note_move(at_);
}

bool Copy::write_label(std::string_view text) noexcept {
    if (!put(static_cast<uint8_t>(text.size())) || text.size() > to_.size() - end_) return false;
    std::memcpy(&to_[end_], text.data(), text.size());
    end_ += text.size();
    return true;
}

bool Copy::note_move(size_t from) noexcept {
    if (moves_ == move_.size()) return false;
    move_[moves_++] = {from, end_};
    return true;
}

// Where that place of the message is in the copy.
size_t Copy::moved(size_t place) const noexcept {
    const auto end = move_.begin() + moves_;
    const auto after = std::upper_bound(move_.begin(), end, place,
                                        [](size_t p, const Move& m) { return p < m.from; });
    if (after == move_.begin()) return place;
    const Move& last = *std::prev(after);
    return last.to + (place - last.from);
}

// Pointers lead back, so that there is an end to it.
std::optional<Name> Copy::read_name() const noexcept {
    Name name;
    size_t at = at_;
    for (unsigned n = 0; n < most_labels && at < from_.size(); ++n) {
        const uint8_t length = from_[at];
        if (is_pointer(length)) {
            if (at + 2 > from_.size()) return {};
            if (!name.points) name.bytes = at + 2 - at_;
            name.points = true;
            const size_t to = word(at) & 0x3fff;
            if (to >= at) return {};
            at = to;
            continue;
        }
        if ((length & pointer_bits) != 0 || at + 1 + length > from_.size()) return {};
        if (length == 0) {
            if (!name.points) name.bytes = at + 1 - at_;
            return name;
        }
        if (name.count < labels_of_address) {
            name.labels[name.count] = {reinterpret_cast<const char*>(&from_[at + 1]), length};
            name.at[name.count] = static_cast<uint16_t>(at);
        }
        ++name.count;
        if (!name.points) ++name.here;
        at += 1u + length;
    }
    return {};
}

}  // namespace

size_t copy_with_names(std::span<const uint8_t> message, std::span<uint8_t> room,
                       OtherSide& other) noexcept {
    Copy copy(message, room, other);
    return copy.make() && copy.has_changes() ? copy.size() : 0;
}

}  // namespace sluice::nat::dns
