// SPDX-License-Identifier: BSD-3-Clause
// What happened in the dataplane: gathers the events of its main thread and its workers before
// their rings run round, keeps the newest of them, and hands each on once (to the log).
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "control/state/state_view.h"
#include "lib/layout/state.h"

namespace sluice::state {

struct LoggedEvent {
    uint64_t number;  // grows; of this control's life
    int worker;       // -1: the main thread
    layout::Event event;
};

class EventLog {
  public:
    static constexpr size_t kept = 1000;
    using Sink = std::function<void(const LoggedEvent&)>;

    // `sink` is told of every event that comes after the log was made; those that lay in the
    // rings already are kept, not told.
    explicit EventLog(Sink sink) : sink_(std::move(sink)) {}

    void drain(const StateView& view);
    const std::deque<LoggedEvent>& newest() const { return events_; }
    // Overwritten in a ring before they were read.
    uint64_t lost() const { return lost_; }

  private:
    template <typename Ring>
    void drain(const Ring& ring, uint64_t& next, int worker);
    void keep(const layout::Event& event, int worker);

    Sink sink_;
    std::deque<LoggedEvent> events_;  // the newest last
    std::array<uint64_t, layout::max_workers + 1> next_{};
    uint64_t opening_ = 0;
    uint64_t numbers_ = 0;
    uint64_t lost_ = 0;
    bool quiet_ = true;
};

// interface_down; "unknown" for a number that this build does not know.
std::string_view name_of(layout::EventKind kind);
// What the numbers in an event stand for; empty where that is gone.
struct EventNames {
    std::string interface;
    std::string rule;  // of the NAT
};
// lan: the link is down
std::string sentence(const layout::Event& event, const EventNames& names);
layout::Severity severity(layout::EventKind kind);

}  // namespace sluice::state
