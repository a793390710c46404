// SPDX-License-Identifier: BSD-3-Clause
// The configurations that were applied, on disk: history/000042.json is the text, and
// history/000042.meta.json says when and why. The newest fifty are kept.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sluice::control {

class History {
  public:
    static constexpr size_t kept = 50;

    struct Entry {
        uint32_t number;
        int64_t time_s;      // since 1970
        std::string reason;  // start, apply, rollback, reload
        uint64_t generation;
    };

    explicit History(const std::filesystem::path& state_directory);

    // Returns its number. Throws std::system_error, std::filesystem::filesystem_error.
    uint32_t add(const std::string& text, const std::string& reason, uint64_t generation);
    // The oldest first.
    std::vector<Entry> list() const;
    std::optional<std::string> text(uint32_t number) const;

  private:
    std::filesystem::path file(uint32_t number, const char* ending) const;
    std::vector<uint32_t> numbers() const;

    std::filesystem::path directory_;
};

}  // namespace sluice::control
