// SPDX-License-Identifier: BSD-3-Clause
// Watches the intent memory: maps it once it is there, maps the new one when it is replaced, and
// hands out each new snapshot once. Whatever is wrong with it is no reason to stop.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "lib/layout/intent.h"
#include "lib/shm/region.h"

namespace sluice {

class IntentReader {
  public:
    explicit IntentReader(std::filesystem::path run_directory)
        : run_directory_(std::move(run_directory)) {}

    // The newest snapshot, if it has not been handed out yet; else nullptr.
    const layout::Snapshot* look(uint64_t now_ns);
    // The newest trace request, if it has not been handed out yet; else nothing. Requests that
    // were made before the first look are old: who made them has gone.
    std::optional<layout::TraceRequest> look_for_trace();
    // The newest wish that sessions of the NAT end; number 0 where there was none.
    layout::NatClearRequest nat_clear() const noexcept;
    // The route table that belongs to it. Mapped for as long as someone holds the pointer.
    std::shared_ptr<const fib::Table> routes() const;

  private:
    void map(uint64_t now_ns);
    void say_once(std::string why);

    std::filesystem::path run_directory_;
    std::shared_ptr<const shm::Region> region_;
    std::unique_ptr<layout::Snapshot> snapshot_ = std::make_unique<layout::Snapshot>();
    uint64_t taken_ = 0;  // `published` of the snapshot handed out last
    uint64_t next_try_ns_ = 0;
    std::optional<uint32_t> trace_seen_;  // the request's sequence
    std::string said_;
};

}  // namespace sluice
