// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <span>

#include <fmt/format.h>

#include "control/cli/commands.h"
#include "lib/net/address.h"

namespace sluice::cli {
namespace {

// A session as somebody's: his address, and the external port in use.
struct Use {
    uint32_t address;
    uint64_t port;
    auto operator<=>(const Use&) const = default;
};
struct Uses {
    std::vector<Use> subscribers, destinations;
};

// Of more places than this, one in so many is looked at: who holds most stands out all the same.
constexpr uint64_t places_counted = 1 << 22;

Uses all_uses(Session& session, uint64_t every) {
    Uses uses;
    json params{{"every", every}};
    for (;;) {
        const json answer = session.client().call("session.numbers", params);
        const json& numbers = answer["numbers"];
        for (size_t n = 0; n + 2 < numbers.size(); n += 3) {
            const uint64_t port = numbers[n + 2].get<uint64_t>();
            uses.subscribers.push_back({numbers[n].get<uint32_t>(), port});
            uses.destinations.push_back({numbers[n + 1].get<uint32_t>(), port});
        }
        if (answer["next"].is_null()) return uses;
        params["from"] = answer["next"];
    }
}

struct Holding {
    uint32_t address;
    uint64_t sessions = 0;
    uint64_t ports = 0;
};

std::vector<Holding> counted(std::vector<Use>& uses) {
    std::sort(uses.begin(), uses.end());
    std::vector<Holding> all;
    for (size_t n = 0; n < uses.size(); ++n) {
        const bool is_another = n == 0 || uses[n].address != uses[n - 1].address;
        if (is_another) all.push_back({uses[n].address});
        ++all.back().sessions;
        all.back().ports += is_another || uses[n].port != uses[n - 1].port;
    }
    return all;
}

json largest(std::vector<Use>& uses, uint64_t Holding::*by, size_t most, uint64_t every) {
    std::vector<Holding> all = counted(uses);
    most = std::min(most, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most), all.end(),
                      [by](const Holding& a, const Holding& b) {
                          return a.*by != b.*by ? a.*by > b.*by : a.address < b.address;
                      });
    json list = json::array();
    for (const Holding& h : std::span(all).first(most)) {
        list.push_back({{"address", net::to_string(net::Ipv4Address{h.address})},
                        {"sessions", h.sessions * every},
                        {"ports", h.ports * every}});
    }
    return list;
}

json top(Session& session, const std::string& by, size_t most) {
    const json first = session.client().call("session.list", {{"limit", 0}});
    const uint64_t capacity = first["capacity"].get<uint64_t>();
    const uint64_t every = std::max<uint64_t>(1, capacity / places_counted);
    Uses uses = all_uses(session, every);
    const auto member = by == "ports" ? &Holding::ports : &Holding::sessions;
    return {{"one_place_in", every},
            {"subscribers", largest(uses.subscribers, member, most, every)},
            {"destinations", largest(uses.destinations, member, most, every)}};
}

void print_holdings(const char* who, const json& holdings) {
    Table table({who, "SESSIONS", "PORTS"}, {false, true, true});
    for (const json& h : holdings) {
        table.add({h.value("address", ""), with_commas(h["sessions"].get<uint64_t>()),
                   with_commas(h["ports"].get<uint64_t>())});
    }
    table.print();
}

void print_top(const json& answer) {
    if (answer["one_place_in"] != 1) {
        fmt::print("estimated from one place of the table in {}\n",
                   answer["one_place_in"].get<uint64_t>());
    }
    print_holdings("SUBSCRIBER", answer["subscribers"]);
    fmt::print("\n");
    print_holdings("DESTINATION", answer["destinations"]);
}

}  // namespace

void add_top_commands(CLI::App&, CLI::App& show, Session& session) {
    const auto by = std::make_shared<std::string>("sessions");
    const auto most = std::make_shared<size_t>(10);
    auto* command = add_show(
        *show.get_subcommand("nat"), session, "top",
        "who inside holds most, and which destinations are most spoken to",
        [&session, by, most] { return top(session, *by, *most); }, print_top);
    command->add_option("--by", *by, "ports or sessions")
        ->check(CLI::IsMember({"ports", "sessions"}))
        ->capture_default_str();
    command->add_option("--limit", *most, "so many of each")->capture_default_str();
}

}  // namespace sluice::cli
