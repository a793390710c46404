// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/ena.h"

#include <array>
#include <fstream>

#include <rte_version.h>

namespace sluice::port::ena {
namespace {

constexpr unsigned amazon = 0x1d0f;
constexpr std::array devices{0x0ec2u, 0x1ec2u, 0xec20u, 0xec21u};

unsigned read_number(const std::string& path) {
    std::ifstream file(path);
    unsigned number = 0;
    file >> std::hex >> number;
    return number;
}

// 22.11 knows enable_llq; llq_policy took its place in 23.07, where 1 is what the device advises.
#if RTE_VERSION >= RTE_VERSION_NUM(23, 7, 0, 0)
constexpr const char* llq_on = "llq_policy=1";
#else
constexpr const char* llq_on = "enable_llq=1";
#endif

}  // namespace

std::string with_llq(const std::string& arguments) {
    for (const char* policy : {"enable_llq=", "llq_policy=", "large_llq_hdr="}) {
        if (arguments.find(policy) != std::string::npos) return arguments;
    }
    return arguments + "," + llq_on;
}

std::string complete(const std::string& arguments) {
    const std::string address = arguments.substr(0, arguments.find(','));
    const std::string sysfs = "/sys/bus/pci/devices/" + address;
    if (read_number(sysfs + "/vendor") != amazon) return arguments;
    const unsigned device = read_number(sysfs + "/device");
    for (const unsigned ena : devices) {
        if (device == ena) return with_llq(arguments);
    }
    return arguments;
}

}  // namespace sluice::port::ena
