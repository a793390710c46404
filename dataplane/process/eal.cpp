// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/eal.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include <fmt/format.h>
#include <rte_config.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "dataplane/port/driver_log.h"
#include "lib/log.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t usual_memory_mib = 256;
constexpr uint64_t least_huge_bytes = uint64_t{96} << 20;

// Allowed in place of all others, so that no device is probed at start: one of the machine's own
// network cards could be among them.
constexpr const char* no_device = "ffff:ff:1f.7";

uint64_t free_huge_bytes() {
    constexpr std::string_view prefix = "hugepages-";
    uint64_t bytes = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/sys/kernel/mm/hugepages", none)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(prefix)) continue;
        uint64_t pages = 0;
        std::ifstream(entry.path() / "free_hugepages") >> pages;
        bytes += pages * std::stoull(name.substr(prefix.size())) << 10;
    }
    return bytes;
}

std::vector<std::string> arguments_for(const EalWish& wish, bool huge) {
    std::vector<std::string> arguments{"sluice-dataplane",
                                       "--no-telemetry",
                                       "--no-shconf",
                                       "--log-level=warning",
                                       "-a",
                                       no_device,
                                       "--force-max-simd-bitwidth=512",
                                       fmt::format("--lcores=0@{}", wish.main_core)};
    const auto add = [&](auto... more) { (arguments.push_back(more), ...); };
    if (huge) {
        // One file for all pages, since vhost can share only a few.
        add("--in-memory", "--single-file-segments");
        if (wish.memory_mib != 0) add("-m", std::to_string(wish.memory_mib));
    } else {
        const uint32_t memory = wish.memory_mib != 0 ? wish.memory_mib : usual_memory_mib;
        add("--no-huge", "--iova-mode=va", "-m", std::to_string(memory));
    }
    return arguments;
}

bool choose_huge_pages(const EalWish& wish) {
    if (wish.no_huge) return false;
    const uint64_t free = free_huge_bytes();
    if (free >= std::max<uint64_t>(least_huge_bytes, uint64_t{wish.memory_mib} << 20)) return true;
    spdlog::warn(
        "event=no_huge_pages free_mib={} cost=\"packet memory on 4 KiB pages: more TLB "
        "misses, and no NIC that needs physical memory\" advice=\"echo 256 > "
        "/proc/sys/vm/nr_hugepages\"",
        free >> 20);
    return false;
}

}  // namespace

EalStarted start_eal(const EalWish& wish) {
    port::driver_log::capture();
    const bool huge = choose_huge_pages(wish);
    std::vector<std::string> arguments = arguments_for(wish, huge);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    if (rte_eal_init(static_cast<int>(arguments.size()), pointers.data()) < 0) {
        throw std::runtime_error(
            fmt::format("EAL does not start: {}", port::driver_log::explain(-rte_errno)));
    }
    return {huge};
}

}  // namespace sluice
