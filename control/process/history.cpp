// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/history.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

#include "control/config/json.h"
#include "control/process/files.h"

namespace sluice::control {

namespace fs = std::filesystem;
using nlohmann::json;

History::History(const fs::path& state_directory) : directory_(state_directory / "history") {}

fs::path History::file(uint32_t number, const char* ending) const {
    return directory_ / fmt::format("{:06}{}", number, ending);
}

std::vector<uint32_t> History::numbers() const {
    std::vector<uint32_t> result;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_, error)) {
        const std::string name = entry.path().filename().string();
        uint32_t number = 0;
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (bad == std::errc{} && std::string_view(end) == ".json") result.push_back(number);
    }
    std::sort(result.begin(), result.end());
    return result;
}

uint32_t History::add(const std::string& text, const std::string& reason, uint64_t generation) {
    fs::create_directories(directory_);
    std::vector<uint32_t> all = numbers();
    const uint32_t number = all.empty() ? 1 : all.back() + 1;
    const json about{{"time", std::time(nullptr)}, {"reason", reason}, {"generation", generation}};
    replace_file(file(number, ".meta.json"), about.dump());
    replace_file(file(number, ".json"), text);
    all.push_back(number);
    for (size_t i = 0; i + kept < all.size(); ++i) {
        std::error_code ignored;
        fs::remove(file(all[i], ".json"), ignored);
        fs::remove(file(all[i], ".meta.json"), ignored);
    }
    return number;
}

std::vector<History::Entry> History::list() const {
    std::vector<Entry> result;
    for (const uint32_t number : numbers()) {
        Entry entry{number, 0, "unknown", 0};
        const auto text = read_file(file(number, ".meta.json"));
        const json about = config::parse_json(text.value_or(""));
        if (about.is_object()) {
            try {
                entry.time_s = about.value("time", entry.time_s);
                entry.reason = about.value("reason", entry.reason);
                entry.generation = about.value("generation", entry.generation);
            } catch (const json::exception&) {
                // A file that somebody else wrote: what could be read of it stands.
            }
        }
        result.push_back(std::move(entry));
    }
    return result;
}

std::optional<std::string> History::text(uint32_t number) const {
    return read_file(file(number, ".json"));
}

}  // namespace sluice::control
