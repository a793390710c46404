// SPDX-License-Identifier: BSD-3-Clause
// The flows that are sent, in the order in which they are, and what a NAT made of them.
//
// A flow is walked to once a round, so the round is the sequence number of its packet. The walk
// is in no order that the flows were made in: a router's sessions would otherwise lie in the
// order in which they are used, which no real traffic grants.
#pragma once
#include <cstdint>
#include <vector>

#include "bench/generator/flow.h"
#include "bench/generator/prefixes.h"
#include "lib/net/address.h"

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
    FlowNumber in_order(uint32_t place) const noexcept { return order_[place]; }

    // Another flow takes its number: from the same host, by a port that it did not have before.
    void renew(FlowNumber n) noexcept;
    void prefetch(FlowNumber n) const noexcept { __builtin_prefetch(&flows_[n]); }

  private:
    struct alignas(16) Flow {
        Endpoints endpoints;
        uint8_t generation;
        Treatment treatment;
    };
    static_assert(sizeof(Flow) == 16);
    void make_group(const FlowWish& wish, uint32_t number);

    std::vector<Flow> flows_;
    std::vector<FlowNumber> order_;
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
    void prefetch(FlowNumber n) const noexcept { __builtin_prefetch(&of_[n]); }

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
