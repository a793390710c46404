// SPDX-License-Identifier: BSD-3-Clause
// The parts of the control process, in one place. Everything runs in one thread; nothing in it
// waits longer than a second.
#pragma once
#include "control/config/read.h"
#include "control/intent/intent_writer.h"
#include "control/nat_log/nat_log.h"
#include "control/process/config_store.h"
#include "control/process/link_watch.h"
#include "control/process/load.h"
#include "control/process/log.h"
#include "control/process/options.h"
#include "control/process/rates.h"
#include "control/state/event_log.h"
#include "control/state/sessions_view.h"
#include "control/state/state_view.h"
#include "control/trace/traces.h"

namespace sluice::control {

struct Control {
    // `fresh`: the intent memory is all zero; else as another control left it.
    Control(Options options, layout::Intent& memory, bool fresh, bool huge_pages);

    // Every few dozen milliseconds: looks at what the dataplane says, and at the time. True if it
    // is worth looking again at once.
    bool tick();
    // Lets the routes have what the dataplane says of the links now. Whoever reports a link calls
    // this first, so that none is reported as up whose routes are still away.
    void follow_links();
    // Hands on what the log's rings have; true if more waits. Whoever reports the log calls this
    // first, so that a configuration applied just now is in what is told.
    bool hand_on_nat_log();

    // What the numbers in an event stand for now.
    state::EventNames names_in(const layout::Event& event) const;

    Options options;
    const layout::Intent& memory;
    bool intent_on_huge_pages;
    uint64_t started_ns;  // CLOCK_MONOTONIC
    Throttle throttle{5};
    state::StateView state;
    state::SessionsView sessions;
    intent::IntentWriter intent;
    ConfigStore config;
    state::EventLog events;
    nat_log::NatLog nat_log;
    LinkWatch links;
    Load load;
    Rates rates;
    trace::Traces traces;

  private:
    void log_event(const state::LoggedEvent& event);
    std::string last_trouble_;
    std::string last_nat_log_trouble_;
    uint64_t nat_log_lost_ = 0;
};

uint64_t monotonic_ns();

}  // namespace sluice::control
