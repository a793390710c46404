// SPDX-License-Identifier: BSD-3-Clause
// Small files that must be there whole or as they were before.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

// Nothing where it cannot be read; `why`, if given, then says why.
std::optional<std::string> read_file(const std::filesystem::path& path, std::string* why = nullptr);

// Written under another name, synced, and renamed into place. Throws std::system_error.
void replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace sluice::control
