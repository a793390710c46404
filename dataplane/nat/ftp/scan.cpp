// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/ftp/scan.h"

#include <array>
#include <bit>
#include <string_view>

namespace sluice::nat::ftp {
namespace {

constexpr std::array<std::string_view, 4> verbs{"PORT ", "EPRT ", "227 ", "229 "};
constexpr uint8_t of_client = 0b0011, of_server = 0b1100, all = of_client | of_server;

constexpr uint8_t upper(uint8_t b) noexcept {
    return b >= 'a' && b <= 'z' ? static_cast<uint8_t>(b - 'a' + 'A') : b;
}
constexpr bool is_digit(uint8_t b) noexcept { return b >= '0' && b <= '9'; }
constexpr bool is_visible(uint8_t b) noexcept { return b > ' ' && b < 0x7f; }

Form form_of(const Place& place) noexcept {
    return static_cast<Form>(std::countr_zero(static_cast<unsigned>(all & ~place.not_it)));
}

void read_verb(Side side, Place& place, uint8_t b) noexcept {
    if (place.letters == 0) place.not_it = side == Side::client ? of_server : of_client;
    for (unsigned i = 0; i < verbs.size(); ++i) {
        if ((place.not_it >> i & 1) != 0) continue;
        if (static_cast<uint8_t>(verbs[i][place.letters]) != upper(b)) {
            place.not_it |= static_cast<uint8_t>(1 << i);
        } else if (verbs[i].size() == place.letters + 1u) {
            place.part = Part::text;
        }
    }
    ++place.letters;
    if (place.not_it == all) place.part = Part::rest;
}

void read(Side side, Place& place, uint8_t b) noexcept {
    if (b == '\n') {
        place = {};
    } else if (place.part == Part::verb) {
        read_verb(side, place, b);
    }
}

// RFC 1123 4.1.2.6: of a 227, the address is where the first digit is.
bool begins(Form form, uint8_t b) noexcept {
    switch (form) {
        case Form::port:
        case Form::passive: return is_digit(b);
        case Form::eprt: return is_visible(b);
        default: return b == '(';
    }
}
bool goes_on(Form form, uint8_t b) noexcept {
    switch (form) {
        case Form::port:
        case Form::passive: return is_digit(b) || b == ',';
        case Form::eprt: return is_visible(b);
        default: return is_visible(b) && b != ')';
    }
}

}  // namespace

Place Place::unpack(uint32_t bits) noexcept {
    return {static_cast<Part>(bits & 3), static_cast<uint8_t>(bits >> 2 & 7),
            static_cast<uint8_t>(bits >> 5 & all)};
}
uint32_t Place::pack() const noexcept {
    return static_cast<uint32_t>(part) | uint32_t{letters} << 2 | uint32_t{not_it} << 5;
}

std::optional<Argument> next_argument(Side side, Place& place, std::span<const uint8_t> bytes,
                                      size_t& at) noexcept {
    for (; at < bytes.size(); ++at) {
        const Form form = form_of(place);
        const bool in_pieces = place.part == Part::refused;
        const bool here = place.part == Part::text && begins(form, bytes[at]);
        if (!here && !in_pieces) {
            read(side, place, bytes[at]);
            continue;
        }
        const size_t begin = at;
        while (at < bytes.size() && goes_on(form, bytes[at])) ++at;
        const bool whole = at < bytes.size();
        place.part = whole ? Part::rest : Part::refused;
        return Argument{whole && !in_pieces ? form : Form::refused, begin, at};
    }
    return {};
}

}  // namespace sluice::nat::ftp
