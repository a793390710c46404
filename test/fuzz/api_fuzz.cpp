// SPDX-License-Identifier: BSD-3-Clause
// Whatever bytes come over the socket: each gets an answer that is JSON, or none, and control goes
// on. A method may be named by the first byte, so that the fuzzer gets past the names.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/api/rpc.h"

namespace {

using namespace sluice;

constexpr const char* methods[] = {
    "config.diff",    "config.apply", "config.get",  "config.progress", "route.change",
    "route.lookup",   "route.list",   "route.flush", "neighbour.add",   "neighbour.remove",
    "interface.list", "drop.list",    "cycle.list",  "status.get",      "event.list",
    "explain.run",    "trace.start",  "trace.read",  "neighbour.list",  "memory.get",
};

std::filesystem::path directory;

control::Control& control_process() {
    static control::Control& control = *[] {
        spdlog::set_level(spdlog::level::off);
        char name[] = "/tmp/sluice-api-fuzz-XXXXXX";
        directory = ::mkdtemp(name);
        std::atexit([] { std::filesystem::remove_all(directory); });
        void* memory = ::mmap(nullptr, sizeof(layout::Intent), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        control::Options options;
        options.config = directory / "sluice.json";
        options.run_directory = directory;
        // No history: what the fuzzer applies is not to fill the disk.
        options.state_directory = "/proc/nowhere";
        auto* made =
            new control::Control(options, *static_cast<layout::Intent*>(memory), true, false);
        made->config.apply(
            R"({"interfaces":{"lan":{"device":"net_null0","addresses":["10.0.0.1/24"]},
                               "wan":{"device":"net_null1","addresses":["203.0.113.2/24"]}},
                               "routes":[{"prefix":"0.0.0.0/0","via":"203.0.113.1"}]})",
            "fuzz", "start");
        return made;
    }();
    return control;
}

void promise(bool kept) {
    if (!kept) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string request(reinterpret_cast<const char*>(data), size);
    if (size > 0 && data[0] < std::size(methods)) {
        request = std::string(R"({"jsonrpc":"2.0","id":1,"method":")") + methods[data[0]] +
                  "\",\"params\":" + request.substr(1) + "}";
    }
    const std::string answer = api::answer(control_process(), request);
    promise(answer.find('\n') == std::string::npos);
    if (!answer.empty()) promise(!config::parse_json(answer).is_discarded());
    return 0;
}
