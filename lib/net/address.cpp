// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/address.h"

#include <charconv>

#include <fmt/format.h>

namespace sluice::net {
namespace {

// Reads a decimal of at most `limit` from the front of `text` and takes it away.
std::optional<unsigned> take_decimal(std::string_view& text, unsigned limit) noexcept {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value > limit) return std::nullopt;
    const auto digits = static_cast<size_t>(end - text.data());
    if (digits > 1 && text.front() == '0') return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char c) noexcept {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<Ipv4Address> take_address(std::string_view& text) noexcept {
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
        if (i > 0 && !take(text, '.')) return std::nullopt;
        const auto octet = take_decimal(text, 255);
        if (!octet) return std::nullopt;
        value = value << 8 | *octet;
    }
    return Ipv4Address{value};
}

std::optional<unsigned> hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

}  // namespace

std::optional<Ipv4Address> parse_address(std::string_view text) noexcept {
    const auto address = take_address(text);
    return text.empty() ? address : std::nullopt;
}

std::optional<InterfaceAddress> parse_interface_address(std::string_view text) noexcept {
    const auto address = take_address(text);
    if (!address || !take(text, '/')) return std::nullopt;
    const auto length = take_decimal(text, 32);
    if (!length || !text.empty()) return std::nullopt;
    return InterfaceAddress{*address, static_cast<uint8_t>(*length)};
}

std::optional<Ipv4Prefix> parse_prefix(std::string_view text) noexcept {
    const auto with_host_bits = parse_interface_address(text);
    if (!with_host_bits || with_host_bits->network().address != with_host_bits->address) {
        return std::nullopt;
    }
    return with_host_bits->network();
}

std::optional<MacAddress> parse_mac(std::string_view text) noexcept {
    MacAddress mac;
    if (text.size() != 17) return std::nullopt;
    for (unsigned i = 0; i < 6; ++i) {
        const auto high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);
        if (!high || !low || (i < 5 && text[3 * i + 2] != ':')) return std::nullopt;
        mac.bytes[i] = static_cast<uint8_t>(*high << 4 | *low);
    }
    return mac;
}

std::string to_string(Ipv4Address a) {
    return fmt::format("{}.{}.{}.{}", a.value >> 24, a.value >> 16 & 0xff, a.value >> 8 & 0xff,
                       a.value & 0xff);
}
std::string to_string(Ipv4Prefix p) { return fmt::format("{}/{}", to_string(p.address), p.length); }
std::string to_string(InterfaceAddress a) {
    return fmt::format("{}/{}", to_string(a.address), a.length);
}
std::string to_string(MacAddress m) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", m.bytes[0], m.bytes[1],
                       m.bytes[2], m.bytes[3], m.bytes[4], m.bytes[5]);
}

}  // namespace sluice::net
