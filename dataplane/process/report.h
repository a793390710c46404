// SPDX-License-Identifier: BSD-3-Clause
// What happens, told twice: as an event in the state memory, for programs, and as a line of the
// log, for people; the line first, so that who sees the event finds it. Main thread only.
#pragma once
#include <string_view>

#include "lib/layout/state.h"
#include "lib/net/address.h"

namespace sluice {

class Report {
  public:
    explicit Report(layout::MainBlock& block) noexcept : block_(block) {}

    // `name` of the interface, `text` of whatever else there is to say; both may be empty.
    void interface(layout::EventKind kind, layout::InterfaceId id, std::string_view name,
                   std::string_view text = {});
    void next_hop(layout::EventKind kind, layout::InterfaceId id, std::string_view name,
                  net::Ipv4Address address);
    void worker(layout::EventKind kind, unsigned worker, unsigned core);
    void target(layout::EventKind kind, uint16_t rule, net::Ipv4Address address, uint16_t port);
    void sessions_filling(unsigned percent);
    void plan_refused(uint64_t generation, std::string_view why);

  private:
    void push(layout::EventKind kind, layout::InterfaceId id, net::Ipv4Address address,
              uint64_t extra);

    layout::MainBlock& block_;
};

}  // namespace sluice
