// SPDX-License-Identifier: BSD-3-Clause
// The flows that are sent, and what a NAT made of them.
//
// They are numbered in the order in which they are sent, so that whoever sends and checks a
// million of them reads memory from front to back. That is no order of their addresses, ports or
// treatments, which were shuffled.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "bench/generator/flow.h"
#include "bench/generator/prefixes.h"
#include "lib/net/address.h"
#include "lib/prefetch.h"

namespace sluice::generator {

// What the router does with the packets of a flow, besides forwarding them.
enum class Treatment : uint8_t { none, translated, tunnelled };

struct FlowGroup {
    Treatment treatment = Treatment::none;
    net::Ipv4Prefix sources;  // hosts on the left
    Prefixes destinations;    // hosts on the right
};

struct FlowWish {
    uint32_t count = 1;
    std::vector<FlowGroup> groups;  // flows are of each in turn
    Draw draw = Draw::in_route;
    uint64_t seed = 1;
};

class Flows {
  public:
    // Throws std::invalid_argument where there are too few sources for so many flows.
    explicit Flows(const FlowWish& wish);

    uint32_t count() const noexcept { return static_cast<uint32_t>(flows_.size()); }
    const Endpoints& operator[](FlowNumber n) const noexcept { return flows_[n].endpoints; }
    uint8_t generation(FlowNumber n) const noexcept { return flows_[n].generation; }
    Treatment treatment(FlowNumber n) const noexcept { return flows_[n].treatment; }
    uint32_t count_of(Treatment t) const noexcept;
    // Each flow once, for places from 0 to count(), in an order unlike that of their numbers.
    FlowNumber scattered(uint32_t place) const noexcept {
        return static_cast<FlowNumber>(uint64_t{place} * stride_ % count());
    }

    void fetch_ahead(FlowNumber n) const noexcept {
        prefetch(&flows_[std::min(n + flows_ahead, count() - 1)]);
    }
    // Another flow takes its number: from the same host, by a port that it did not have before.
    void renew(FlowNumber n) noexcept;

  private:
    struct alignas(16) Flow {
        Endpoints endpoints;
        uint8_t generation;
        Treatment treatment;
    };
    static_assert(sizeof(Flow) == 16);
    void make_group(const FlowWish& wish, uint32_t number);

    std::vector<Flow> flows_;
    uint32_t stride_ = 1;           // of scattered(), with no divisor in common with their count
    uint32_t flows_of_a_host_ = 1;  // at most, of any group
};

// The endpoint that a NAT gave to each flow, learnt from its first packet.
class Translations {
  public:
    struct External {
        net::Be32 address;
        net::Be16 port;
        bool operator==(const External&) const noexcept = default;
    };

    explicit Translations(uint32_t flows) : of_(flows) {}
    bool known(FlowNumber n) const noexcept { return of_[n].known; }
    const External& operator[](FlowNumber n) const noexcept { return of_[n].external; }
    // False where the flow has another one.
    bool agrees(FlowNumber n, const External& external) noexcept;
    void forget(FlowNumber n) noexcept;
    uint32_t known_count() const noexcept { return known_; }

  private:
    struct Entry {
        External external{};
        bool known = false;
    };
    std::vector<Entry> of_;
    uint32_t known_ = 0;
};

// Flows whose endpoint outside is another flow's too, to the same destination: their replies can
// not be told apart.
uint32_t count_shared(const Flows& flows, const Translations& translations);

}  // namespace sluice::generator
