// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/read.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "control/config/document.h"
#include "control/config/schema.h"
#include "control/config/sections.h"

namespace sluice::config {
namespace {

using nlohmann::json;

ReadResult with_problem(const std::string& filename, std::string message) {
    ReadResult result;
    result.problems.push_back({filename, {}, {}, {}, std::move(message)});
    return result;
}

void read_sections(const json& root, Config& config, Mistakes& mistakes) {
    Reading reading{config, mistakes};
    for (const Section& section : sections()) {
        if (!root.is_object()) return;
        const auto value = root.find(section.name);
        if (value == root.end()) continue;
        // Too long a list is passed over as a whole, and a wrong type cannot be read at all.
        if (mistakes.any_about(*value)) {
            reading.networks_known = false;
            continue;
        }
        section.read(*value, reading);
    }
}

ReadResult read(std::string_view text, const std::string& filename) {
    Document document = Document::parse(text);
    Mistakes mistakes;
    Config config;
    if (document.is_complete()) {
        check_against_schema(document.root(), mistakes);
        read_sections(document.root(), config, mistakes);
    }

    ReadResult result;
    for (const Document::Fault& fault : document.faults()) {
        result.problems.push_back({filename, fault.position, fault.path, {}, fault.message});
    }
    for (Problem& problem : mistakes.problems(document, filename)) {
        result.problems.push_back(std::move(problem));
    }
    std::stable_sort(result.problems.begin(), result.problems.end(),
                     [](const Problem& a, const Problem& b) { return a.position < b.position; });
    if (result.problems.empty()) {
        result.config = std::move(config);
        result.document = std::move(document).take_root();
    }
    return result;
}

}  // namespace

ReadResult read_config(std::string_view text, const std::string& filename) {
    try {
        return read(text, filename);
    } catch (const std::exception& error) {  // out of memory, a library at its limits
        return with_problem(filename, fmt::format("cannot be checked: {}", error.what()));
    }
}

ReadResult read_config_file(const std::string& filename) {
    errno = 0;
    std::ifstream file(filename, std::ios::binary);
    std::ostringstream text;
    if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
    if (!file.is_open() || file.bad() || (text.view().empty() && errno != 0)) {
        return with_problem(filename, fmt::format("cannot be read: {}", std::strerror(errno)));
    }
    return read_config(text.view(), filename);
}

}  // namespace sluice::config
