// SPDX-License-Identifier: BSD-3-Clause
#include "control/routes/route_lines.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace sluice::routes {
namespace {

constexpr size_t problems_kept = 100;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Takes the next word off the front; empty at the end.
std::string_view take_word(std::string_view& rest) {
    while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
    size_t length = 0;
    while (length < rest.size() && !is_blank(rest[length])) ++length;
    const std::string_view word = rest.substr(0, length);
    rest.remove_prefix(length);
    return word;
}

// What a person typed, short enough for a message.
std::string brief(std::string_view word) {
    std::string text(word.substr(0, 40));
    for (char& c : text) {
        if (c < ' ' || c > '~') c = '?';
    }
    return text + (word.size() > 40 ? "..." : "");
}

// Empty: the addresses have been added.
std::string read_addresses(std::string_view list, std::vector<net::Ipv4Address>& out) {
    while (true) {
        const size_t comma = list.find(',');
        const std::string_view word = list.substr(0, comma);
        const auto address = net::parse_address(word);
        if (!address) return fmt::format("\"{}\" is no IPv4 address", brief(word));
        out.push_back(*address);
        if (comma == std::string_view::npos) return {};
        list.remove_prefix(comma + 1);
    }
}

std::string read_way(std::string_view rest, std::span<const net::Ipv4Address> draw_from,
                     intent::RouteChange& change) {
    std::string_view word = take_word(rest);
    if (word.empty())
        return "lacks a way: via A[,B], dev INTERFACE, blackhole, unreachable, prohibit";
    if (word[0] >= '0' && word[0] <= '9') {
        uint64_t number = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        if (error != std::errc{} || end != word.data() + word.size()) {
            return fmt::format("\"{}\" is no number", brief(word));
        }
        if (draw_from.empty()) return "has a number for a way, but no next hops were given (--via)";
        change.via.push_back(draw_from[number % draw_from.size()]);
        return {};
    }
    for (; !word.empty(); word = take_word(rest)) {
        if (word == "via") {
            if (std::string error = read_addresses(take_word(rest), change.via); !error.empty()) {
                return error;
            }
        } else if (word == "dev") {
            change.interface = take_word(rest);
            if (change.interface.empty()) return "lacks an interface behind \"dev\"";
        } else if (word == "blackhole") {
            change.type = config::RouteType::blackhole;
        } else if (word == "unreachable") {
            change.type = config::RouteType::unreachable;
        } else if (word == "prohibit") {
            change.type = config::RouteType::prohibit;
        } else {
            return fmt::format("\"{}\" should be via, dev, blackhole, unreachable or prohibit",
                               brief(word));
        }
    }
    if (change.type != config::RouteType::unicast &&
        (!change.via.empty() || !change.interface.empty())) {
        return fmt::format("a {} route drops its packets and has no next hop",
                           config::to_string(change.type));
    }
    return {};
}

std::string read_line(std::string_view line, std::span<const net::Ipv4Address> draw_from,
                      Lines what, intent::RouteChange& change) {
    const std::string_view word = take_word(line);
    const auto prefix = net::parse_prefix(word);
    if (!prefix) {
        const auto with_host_bits = net::parse_interface_address(word);
        if (!with_host_bits) return fmt::format("\"{}\" is no IPv4 prefix", brief(word));
        return fmt::format("{} has bits beyond its length; its network is {}", brief(word),
                           net::to_string(with_host_bits->network()));
    }
    change.prefix = *prefix;
    change.remove = what == Lines::remove;
    return change.remove ? std::string{} : read_way(line, draw_from, change);
}

}  // namespace

RouteLines read_route_lines(std::string_view text, std::span<const net::Ipv4Address> draw_from,
                            Lines what) {
    RouteLines result;
    const size_t guess = text.size() / 18;
    result.changes.reserve(guess);
    result.lines.reserve(guess);
    for (uint32_t number = 1; !text.empty(); ++number) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
        if (line.empty() || line.front() == '#') continue;
        intent::RouteChange change;
        std::string problem = read_line(line, draw_from, what, change);
        if (problem.empty()) {
            result.changes.push_back(std::move(change));
            result.lines.push_back(number);
        } else if (++result.problem_count <= problems_kept) {
            result.problems.push_back({number, std::move(problem)});
        }
    }
    return result;
}

}  // namespace sluice::routes
