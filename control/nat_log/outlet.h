// SPDX-License-Identifier: BSD-3-Clause
// Where records of the NAT's log go, batch by batch: a file, a collector.
#pragma once
#include <functional>
#include <span>
#include <string>

#include "control/nat_log/progress.h"

namespace sluice::nat_log {

struct Batch {
    unsigned worker;
    uint64_t first;  // its number in the worker's ring
    uint64_t lost;   // records before it that were overwritten before they were read
    std::span<const layout::NatLogRecord> records;
};

// What a record says in numbers, and this machine knows by other names.
struct Words {
    std::function<std::string(uint16_t)> rule_name;             // empty: nobody knows any more
    std::function<uint64_t(uint64_t)> milliseconds_since_1970;  // of nanoseconds of CLOCK_MONOTONIC
    bool destinations = false;  // whether it is told whom sessions were with (RFC 6888 REQ-12)
};

class Outlet {
  public:
    virtual ~Outlet() = default;

    // Takes as many of the records as go into one batch, at least one; returns how many.
    virtual size_t take(const Batch& batch) = 0;
    // Notes what it needs to hand on once more what it has taken.
    virtual void note(Progress& progress) const = 0;
    // False if nothing of it was handed on: to be tried again, from take() on.
    virtual bool hand_on() = 0;
    virtual void counted(Progress& progress) = 0;

    // At start. `again`: the batch that is noted comes once more; it may have been handed on.
    virtual void resume(const Progress& progress, bool again) = 0;

    // Why nothing is handed on, or not all of it; empty where all is well.
    const std::string& trouble() const { return trouble_; }

  protected:
    std::string trouble_;
};

}  // namespace sluice::nat_log
