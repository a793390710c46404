// SPDX-License-Identifier: BSD-3-Clause
// A traced packet in words: what it is, what it met at each step, what became of it. The same for
// real packets (`sluice trace`) and for described ones (`sluice explain`).
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "control/config/json.h"
#include "lib/layout/trace.h"

namespace sluice::trace {

// What the numbers in a step stand for.
struct Names {
    std::function<std::string(layout::InterfaceId)> interface;
    std::function<std::string(uint16_t next_hop)> way;
    std::function<std::string(uint32_t address)> route;  // the prefix that covers it
    std::function<std::string(uint16_t id)> nat_rule;
};

// udp 10.0.0.9:4000 > 192.0.2.1:53, ttl 64, 60 bytes
std::string summary(std::span<const uint8_t> frame, uint32_t frame_length);

// {"packet", "in", "length", "steps": [...], "verdict", "reason", "hex"}; counts of the record are
// bounded, whoever wrote it.
nlohmann::json describe(const layout::TraceRecord& record, const Names& names);

std::string hex(std::span<const uint8_t> bytes);

}  // namespace sluice::trace
