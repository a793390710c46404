// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/load.h"

#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "control/process/files.h"
#include "control/state/read.h"
#include "lib/time_units.h"

namespace sluice::control {
namespace {

// proc(5): the 14th and 15th word of /proc/PID/stat, the second of which is a name in brackets.
uint64_t processor_time_ns(uint32_t process) {
    const auto text = read_file(fmt::format("/proc/{}/stat", process));
    if (!text) return 0;
    const size_t name_end = text->rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream words(text->substr(name_end + 1));
    std::string skipped;
    for (unsigned i = 3; i < 14; ++i) words >> skipped;
    uint64_t user = 0, system = 0;
    words >> user >> system;
    static const auto ticks_per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
    return (user + system) * (second_ns / ticks_per_second);
}

}  // namespace

void Load::look(const state::StateView& view, uint64_t now_ns) {
    if (now_ns - last_.time_ns < second_ns) return;
    const bool speaks = view.dataplane_alive() && !view.dataplane_starting();
    const auto status = speaks ? state::main_status(*view.get()) : std::nullopt;
    if (!status) {
        *this = Load{};
        last_.time_ns = now_ns;
        return;
    }
    Sample now;
    now.time_ns = now_ns;
    now.process = status->process;
    now.process_ns = processor_time_ns(status->process);
    for (unsigned w = 0; w < layout::max_workers; ++w) {
        now.busy_cycles[w] = view.get()->workers[w].busy_cycles.get();
    }
    if (last_.process == now.process && status->tsc_hz != 0) {
        const auto seconds = static_cast<double>(now_ns - last_.time_ns) / second_ns;
        process_percent_ =
            static_cast<double>(now.process_ns - last_.process_ns) / second_ns / seconds * 100;
        for (unsigned w = 0; w < layout::max_workers; ++w) {
            busy_percent_[w] = static_cast<double>(now.busy_cycles[w] - last_.busy_cycles[w]) /
                               static_cast<double>(status->tsc_hz) / seconds * 100;
        }
    }
    last_ = now;
}

std::optional<double> Load::busy_percent(uint32_t worker) const {
    return worker < busy_percent_.size() ? busy_percent_[worker] : std::nullopt;
}

}  // namespace sluice::control
