// SPDX-License-Identifier: BSD-3-Clause
// The main thread's part in NAT: the tables that all workers share, their memory and their log, and
// whether the targets of forwards answer. Workers get their hands on the tables when they start.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "dataplane/nat/shared.h"
#include "dataplane/plan.h"
#include "dataplane/process/health_watch.h"
#include "dataplane/process/nat_log_memory.h"
#include "dataplane/process/nat_memory.h"
#include "dataplane/process/report.h"
#include "lib/layout/state.h"

namespace sluice {

class NatKeeper {
  public:
    NatKeeper(const std::filesystem::path& run_directory, shm::WhenForeign when_foreign,
              layout::MainBlock& main, Report& report);

    // False: the tables must be opened anew for this, and so the workers stop first.
    bool fits(const layout::Snapshot& wanted) const;
    // While no worker runs. How many sessions there may be is decided once; addresses may come.
    // Throws shm::Error.
    void open(const layout::Snapshot& wanted);
    // A ring for each worker, where a log is wanted; and where one was, for the ends of what was
    // told to it. There may be more workers than last time only while none runs.
    void open_log(const layout::Snapshot& wanted, unsigned workers);

    // Null where there is none.
    nat::Shared* tables() noexcept { return tables_ ? &*tables_ : nullptr; }
    std::shared_ptr<NatLogMemory> log() const noexcept { return log_; }
    nat::Supply supply() { return tables_ ? tables_->supply() : nat::no_supply(); }

    // Marks the snapshot's targets that are dead; what the last dataplane knew of them is known
    // still, if they are the same.
    void follow_targets(layout::Snapshot& snapshot);
    struct TargetsLook {
        bool changed;  // the snapshot's marks, that is
        std::vector<Errand> probes;
    };
    TargetsLook look_at_targets(layout::Snapshot& snapshot, uint64_t now_ns);
    // To those who read state.
    void tell_dead_targets();

    // Ports that forwards answer at are theirs alone, as soon as nobody has them.
    void reserve_forwards(const Plan& plan);
    // `settled`: no worker uses an older plan. True if there are other departed_blocks() now.
    bool each_second(const Plan& plan, bool settled);
    // Of ports, for the workers' orders; or null.
    std::shared_ptr<nat::DepartedBlocks> departed_blocks() const noexcept { return departed_; }

  private:
    void watch_fill();
    bool collect_departed_blocks(const Plan& plan);

    layout::MainBlock& main_;
    Report& report_;
    std::filesystem::path run_directory_;
    shm::WhenForeign when_foreign_;
    std::shared_ptr<NatLogMemory> log_;
    NatMemory memory_;
    std::optional<nat::Shared> tables_;
    std::shared_ptr<nat::DepartedBlocks> departed_;
    HealthWatch targets_;
    uint32_t ports_to_reserve_ = 0;  // of forwards, that mappings still have
    bool fills_ = false;
};

}  // namespace sluice
