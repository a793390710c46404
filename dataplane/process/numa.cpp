// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/numa.h"

#include <charconv>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace sluice {

int node_of_core(unsigned core) {
    constexpr std::string_view prefix = "node";
    std::error_code none;
    const std::string directory = fmt::format("/sys/devices/system/cpu/cpu{}", core);
    for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
        const std::string name = entry.path().filename();
        int node = -1;
        if (!name.starts_with(prefix)) continue;
        const auto [end, error] =
            std::from_chars(name.data() + prefix.size(), name.data() + name.size(), node);
        if (error == std::errc() && end == name.data() + name.size()) return node;
    }
    return -1;
}

int node_of_device(const std::string& arguments) {
    const std::string address = arguments.substr(0, arguments.find(','));
    int node = -1;
    std::ifstream(fmt::format("/sys/bus/pci/devices/{}/numa_node", address)) >> node;
    return node;
}

}  // namespace sluice
