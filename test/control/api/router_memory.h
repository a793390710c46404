// SPDX-License-Identifier: BSD-3-Clause
// A control process without its process: memory of its own, directories that go away.
#pragma once
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/api/rpc.h"

namespace sluice::test {

struct UnmapIntent {
    void operator()(layout::Intent* intent) const { ::munmap(intent, sizeof *intent); }
};

inline std::unique_ptr<layout::Intent, UnmapIntent> zeroed_intent() {
    void* memory = ::mmap(nullptr, sizeof(layout::Intent), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return std::unique_ptr<layout::Intent, UnmapIntent>(static_cast<layout::Intent*>(memory));
}

inline constexpr auto two_networks = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] }
  },
  "routes": [ { "prefix": "0.0.0.0/0", "via": "203.0.113.1" } ]
})";

inline constexpr auto one_network = R"({
  "interfaces": { "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"], "mtu": 1400 } }
})";

class ControlRoom {
  public:
    explicit ControlRoom(const std::string& config = two_networks) {
        char name[] = "/tmp/sluice-test-XXXXXX";
        directory_ = ::mkdtemp(name);
        std::filesystem::create_directories(directory_ / "run");
        write(config);
        memory_ = zeroed_intent();
        start(true);
    }
    ~ControlRoom() {
        control_.reset();
        std::filesystem::remove_all(directory_);
    }

    void write(const std::string& config) { std::ofstream(file()) << config; }
    std::filesystem::path file() const { return directory_ / "sluice.json"; }
    std::filesystem::path run() const { return directory_ / "run"; }

    // As another process that finds the memory.
    control::ConfigStore::Outcome restart() {
        control_.reset();
        return start(false);
    }
    control::ConfigStore::Outcome start(bool fresh) {
        control::Options options;
        options.config = file();
        options.run_directory = run();
        options.state_directory = directory_ / "state";
        control_ = std::make_unique<control::Control>(options, *memory_, fresh, false);
        return control_->config.start(!fresh);
    }

    control::Control& control() { return *control_; }
    nlohmann::json ask(const std::string& request) {
        return config::parse_json(api::answer(*control_, request));
    }
    nlohmann::json call(const std::string& method,
                        nlohmann::json params = nlohmann::json::object()) {
        return ask(nlohmann::json{
            {"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", std::move(params)}}
                       .dump());
    }

  private:
    std::filesystem::path directory_;
    std::unique_ptr<layout::Intent, UnmapIntent> memory_;
    std::unique_ptr<control::Control> control_;
};

}  // namespace sluice::test
