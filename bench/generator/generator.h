// SPDX-License-Identifier: BSD-3-Clause
// The whole generator: two ports, and in each direction a sender and a checker, all in one loop
// on one core.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "bench/generator/checker.h"
#include "bench/generator/flows.h"
#include "bench/generator/options.h"
#include "bench/generator/pacer.h"
#include "bench/generator/replay.h"
#include "bench/generator/sender.h"
#include "bench/generator/side.h"
#include "bench/generator/trial.h"
#include "bench/generator/tunnel.h"

namespace sluice::generator {

// Of what was sent before anything is measured, too little came back.
struct NothingComes : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Generator {
  public:
    // EAL runs. Throws std::runtime_error and std::invalid_argument.
    Generator(const Options& options, double tsc_hz, const std::atomic<bool>& stop);

    // Until both links are up and the router's addresses are resolved.
    void connect();
    // Until packets come through in each direction and a NAT has all flows. Throws NothingComes.
    void warm_up();
    TrialResult run(const TrialWish& wish);

    const Side& left() const noexcept { return left_; }
    const Side& right() const noexcept { return right_; }

  private:
    struct Stream {
        std::unique_ptr<Sender> sender;
        std::unique_ptr<Checker> checker;
        std::unique_ptr<Pacer> pacer;  // while sending at a rate
    };
    Side& side_that_sends(Direction d) noexcept { return d == Direction::right ? left_ : right_; }
    void connect_links(uint64_t until_tsc);
    void resolve_gateways(uint64_t until_tsc);
    void make_streams();
    Stream make_stream(Direction d);
    bool is_wanted(Direction d) const noexcept;

    void begin(Walk::Over over);
    void pace(double pps);
    void send() noexcept;
    void receive() noexcept;
    void receive(Side& side, Checker* checker) noexcept;
    void look_at(Side& side, Checker* checker, rte_mbuf** buffers, unsigned count) noexcept;
    // Looks at what comes until all is there or nothing came for a while.
    void drain();
    void carry_traffic_until(const std::function<bool()>& enough, double seconds);
    void open_flows();
    uint64_t errors_about(Direction d) const noexcept;
    TrialResult result() const;
    std::vector<uint64_t> received() const;
    uint64_t missing() const noexcept;
    std::string what_came() const;
    uint64_t cycles(double seconds) const noexcept { return static_cast<uint64_t>(seconds * hz_); }

    const Options& options_;
    const double hz_;
    const std::atomic<bool>& stop_;
    port::Pools pools_;
    Flows flows_;
    std::optional<Translations> translations_;
    std::optional<Tunnels> tunnels_;
    std::optional<Replay> replay_;
    Side left_, right_;
    std::array<Stream, 2> streams_;  // by direction; without a sender where nothing is to go
    uint8_t run_ = 0;
    uint64_t packets_left_ = ~uint64_t{0};  // to be sent in this run
    std::vector<uint8_t> scattered_;        // a frame that came in several buffers, in one piece
};

}  // namespace sluice::generator
