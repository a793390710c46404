// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/address6.h"

#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "lib/net/wire6.h"

namespace sluice::net {

std::optional<Ipv6Address> parse_address6(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> copy{};
    if (text.size() >= copy.size() || text.find('\0') != text.npos) return std::nullopt;
    std::memcpy(copy.data(), text.data(), text.size());
    Ipv6Field field;
    if (::inet_pton(AF_INET6, copy.data(), &field) != 1) return std::nullopt;
    return field.host();
}

std::optional<Ipv6InterfaceAddress> parse_interface_address6(std::string_view text) noexcept {
    const size_t slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    const auto address = parse_address6(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    const bool leading_zero = digits.size() > 1 && digits.front() == '0';
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    if (!address || !whole || leading_zero || length > 128) return std::nullopt;
    return Ipv6InterfaceAddress{*address, static_cast<uint8_t>(length)};
}

std::string to_string(Ipv6Address address) {
    const Ipv6Field field = Ipv6Field::of(address);
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &field, text.data(), text.size());
    return text.data();
}
std::string to_string(Ipv6Prefix p) { return fmt::format("{}/{}", to_string(p.address), p.length); }
std::string to_string(Ipv6InterfaceAddress a) {
    return fmt::format("{}/{}", to_string(a.address), a.length);
}

}  // namespace sluice::net
