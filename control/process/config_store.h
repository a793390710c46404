// SPDX-License-Identifier: BSD-3-Clause
// The configuration that runs: where it comes from at start, how it is replaced, and how it is
// gone back from.
//
//   at start   run_dir/running.json is what was applied last, run_dir/started-from.json what the
//              file held when it was last read. If the intent memory outlived control and the
//              file holds nothing new, what runs goes on running; else the file is read.
//   confirm    run_dir/unconfirmed.json holds the configuration to go back to and when, so that a
//              control that was killed meanwhile goes back too.
//
// One thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "control/config/diff.h"
#include "control/config/json.h"
#include "control/config/read.h"
#include "control/intent/intent_writer.h"
#include "control/process/history.h"
#include "control/process/options.h"

namespace sluice::control {

class ConfigStore {
  public:
    ConfigStore(const Options& options, intent::IntentWriter& intent);

    struct Outcome {
        std::vector<config::Problem> problems;  // none: it was applied
        std::vector<config::Difference> differences;
        std::vector<std::string> warnings;
        uint64_t generation = 0;
        uint32_t number = 0;  // in the history; 0: it could not be kept there
        bool is_sound() const { return problems.empty(); }
    };

    // `found`: the intent memory is another control's. Returns the problems if there is nothing
    // to run.
    Outcome start(bool found);

    // What would differ, or what is wrong; changes nothing.
    Outcome compare(const std::string& text, const std::string& filename) const;
    // Applies a sound configuration. With `confirm_within`, the one before comes back by itself
    // unless confirm() is called in time. Throws std::runtime_error where memory has no room.
    Outcome apply(const std::string& text, const std::string& filename, const std::string& reason,
                  std::optional<std::chrono::seconds> confirm_within = std::nullopt);
    // Reads the file again; its problems are told and what runs goes on.
    Outcome reload();
    // False: nothing waits to be confirmed.
    bool confirm();
    // To an entry of the history, or to the one before. Throws std::runtime_error where there
    // is none.
    Outcome rollback(std::optional<uint32_t> number);

    // Goes back if it is time to. To be called now and then.
    void tick();
    // Until it goes back by itself.
    std::optional<std::chrono::milliseconds> time_left() const;

    const std::string& running() const { return running_; }
    const History& history() const { return history_; }
    const std::filesystem::path& file() const { return options_.config; }

  private:
    struct Unconfirmed {
        std::string previous;
        int64_t deadline_ns;  // of CLOCK_BOOTTIME
    };

    Outcome resume(const std::string& text);
    void note_running(const std::string& text);
    void load_unconfirmed();
    void set_unconfirmed(std::chrono::seconds within);
    void forget_unconfirmed();
    uint32_t remember(const std::string& text, const std::string& reason, uint64_t generation);
    std::filesystem::path in_run(const char* name) const { return options_.run_directory / name; }

    const Options& options_;
    intent::IntentWriter& intent_;
    History history_;
    std::string running_;
    nlohmann::json document_ = nlohmann::json::object();
    std::optional<Unconfirmed> unconfirmed_;
};

}  // namespace sluice::control
