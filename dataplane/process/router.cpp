// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/router.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <rte_lcore.h>
#include <rte_timer.h>
#include <unistd.h>

#include "dataplane/process/clock.h"
#include "dataplane/process/numa.h"
#include "lib/layout/regions.h"
#include "lib/layout/text.h"
#include "lib/log.h"
#include "lib/time_units.h"

namespace sluice {
namespace {

constexpr uint64_t tenth_ns = 100'000'000;
constexpr uint64_t patience_ns = 1'000'000'000;  // with workers
constexpr unsigned seconds_between_questions = 5;
// Changes come in company, an apply in several steps: after one the next is looked for more often.
// Waking up is most of what an idle router costs.
constexpr uint64_t lively_for_ns = 1'000'000'000;
constexpr long lively_pause_ns = 2'000'000;
constexpr long usual_pause_ns = 20'000'000;

uint32_t milliseconds(uint64_t ns) noexcept { return static_cast<uint32_t>(ns / 1'000'000); }

std::vector<int> nodes_of_ports(const layout::Snapshot& wanted) {
    std::vector<int> nodes;
    for (const layout::Interface& i : wanted.interfaces) {
        if (i.name[0] != '\0') nodes.push_back(node_of_device(port::device_arguments(i)));
    }
    return nodes;
}

// What the last dataplane said of its ports is over; whose number was whose is not.
void forget_all_but_name(layout::InterfaceBlock& block) noexcept {
    layout::InterfaceStatus status{};
    std::memcpy(status.name, block.status.name, sizeof status.name);
    block.sequence.write(block.status, status);
}

}  // namespace

Router::Router(const RouterSettings& settings, layout::State& state, bool fresh)
    : settings_(settings),
      state_(state),
      report_(state.main),
      neighbours_(state.neighbours),
      intent_(settings.run_directory),
      nat_(settings.run_directory, settings.when_foreign, state.main, report_),
      crew_(state, neighbours_, report_),
      tunnels_(state, report_) {
    if (!fresh) neighbours_.adopt(milliseconds(monotonic_ns()));
    for (auto& block : state_.interfaces) forget_all_but_name(block);
    rte_timer_subsystem_init();  // which ENA's driver counts on
    lively_until_ns_ = monotonic_ns() + lively_for_ns;
    packets_before_ = busy_packets();
    write_status();
}

Router::~Router() {
    crew_.stop();
    if (ports_) ports_->close_all();
}

void Router::run(const std::atomic<bool>& stop) {
    while (!stop.load(std::memory_order_relaxed)) {
        const uint64_t now = monotonic_ns();
        each_round(now);
        if (plan_) sweep_neighbours(now);
        if (plan_ && now >= next_tenth_ns_) {
            next_tenth_ns_ = now + tenth_ns;
            each_tenth(now);
        }
        if (plan_ && now >= next_second_ns_) {
            next_second_ns_ = now + second_ns;
            each_second(now);
        }
        const timespec pause{0, now < lively_until_ns_ ? lively_pause_ns : usual_pause_ns};
        ::nanosleep(&pause, nullptr);
    }
}

void Router::sweep_neighbours(uint64_t now_ns) {
    next_sweep_ns_ = std::max(next_sweep_ns_, now_ns - second_ns);  // more is no use
    for (; next_sweep_ns_ <= now_ns; next_sweep_ns_ += second_ns / NeighbourTable::sweep_parts) {
        neighbours_.sweep_next(milliseconds(now_ns), plan_->arp);
    }
}

void Router::each_round(uint64_t now_ns) {
    state_.main.heartbeat_ns.store(now_ns, std::memory_order_relaxed);
    if (const layout::Snapshot* wanted = intent_.look(now_ns)) {
        take(*wanted, now_ns);
        lively_until_ns_ = now_ns + lively_for_ns;
    }
    if (!plan_) return;
    if (ports_->link_interrupt() && ports_->watch_links()) {
        watch_tunnels(now_ns);
        replan(now_ns);
    }
    watch_traces();
    watch_nat_clear();
    if (unsettled_) settle();
    if (!forwards_) note_readiness(now_ns);
}

void Router::each_tenth(uint64_t now_ns) {
    const bool links_changed = ports_->watch_links();
    if (watch_tunnels(now_ns) || links_changed) replan(now_ns);
    watch_next_hops(now_ns);
    watch_targets(now_ns);
    // Changes that a slow worker put off are made up for here.
    const port::Interfaces due = ports_->due(now_ns) | ports_->to_change(*snapshot_);
    if (due != 0 && change_ports(due, now_ns)) replan(now_ns);
    send(announcer_.due(now_ns));
}

void Router::each_second(uint64_t now_ns) {
    rte_timer_manage();
    ports_->read_counters();
    crew_.look_after(now_ns);
    if (nat_.each_second(*plan_, !unsettled_)) crew_.publish(orders(0, {}));
    send(tunnels_.keepalives(*snapshot_, now_ns));
    send(advertiser_.due(*plan_, now_ns));
    send(watch_groups(now_ns));
    if (++seconds_ % seconds_between_questions == 0) send(next_hops_.questions_to_the_dead());
}

// Checked by a plan for the ports as they are, before anything is touched.
void Router::take(const layout::Snapshot& wanted, uint64_t now_ns) {
    try {
        const std::vector<InterfaceFacts> nothing(layout::max_interfaces);
        compile(wanted, nothing, neighbours_);
    } catch (const std::exception& why) {
        return refuse(wanted.generation, why.what());
    }
    make_pools(wanted.dataplane);
    snapshot_ = std::make_unique<layout::Snapshot>(wanted);
    for (layout::Interface& i : snapshot_->interfaces) i.name[sizeof i.name - 1] = '\0';
    for (layout::Tunnel& t : snapshot_->tunnels) t.name[sizeof t.name - 1] = '\0';
    nat_.follow_targets(*snapshot_);
    port::Interfaces which = ports_->to_change(*snapshot_);
    seats_ = assign_seats(wanted.dataplane, settings_.cores, settings_.main_core,
                          nodes_of_ports(*snapshot_));
    if (!crew_.sits(seats_)) {
        if (crew_.size() > 0) spdlog::warn("event=workers_restart workers={}", seats_.size());
        crew_.stop();
        which = port::all_interfaces;
    } else if (!nat_.fits(*snapshot_)) {
        crew_.stop();
    }
    if (withdraw(which)) forget_replaced(*snapshot_);
    change_ports(which, now_ns);
    tunnels_.follow(*snapshot_);
    watch_tunnels(now_ns);
    ports_->answer(wanted.generation);
    tunnels_.answer(*snapshot_);
    replan(now_ns);
}

// The number of an interface that went may be another's now, whose neighbours are others.
void Router::forget_replaced(const layout::Snapshot& wanted) {
    const auto replaced = [&](InterfaceId id) {
        const char* before = state_.interfaces[id].status.name;
        return std::strncmp(before, wanted.interfaces[id].name,
                            sizeof wanted.interfaces[id].name) != 0;
    };
    for (uint32_t place = 0; place < neighbours_.size(); ++place) {
        const uint64_t key = neighbours_.entry(place).key.load(std::memory_order_relaxed);
        const InterfaceId id = layout::NeighbourKey::interface(key);
        if (key != 0 && (id >= layout::max_ports || replaced(id))) neighbours_.remove(place);
    }
}

void Router::make_pools(const layout::DataplaneSettings& settings) {
    if (pools_) return;
    pools_.emplace(settings.buffers);
    status_.buffers = settings.buffers;
    own_packets_.emplace(pools_->get(static_cast<int>(rte_socket_id()), port::usual_data_room));
    ports_.emplace(state_, report_, *pools_);
}

// Takes ports out of the workers' hands; false when a worker does not let go.
bool Router::withdraw(port::Interfaces which) {
    if (crew_.size() == 0 || which == 0) return true;
    crew_.publish(orders(which, {}));
    if (crew_.wait_until_all_follow(patience_ns)) return true;
    spdlog::error("event=port_change_delayed reason=\"a worker does not come around\"");
    return false;
}

bool Router::change_ports(port::Interfaces which, uint64_t now_ns) {
    if (!withdraw(which)) return false;
    const auto workers = static_cast<unsigned>(seats_.size());
    ports_->change(which, *snapshot_, workers, now_ns);
    if (pools_->count() <= 1) return true;
    const port::Interfaces again = ports_->relying_on_one_pool();
    if (withdraw(again)) ports_->change(again, *snapshot_, workers, now_ns);
    return true;
}

std::unique_ptr<Orders> Router::orders(port::Interfaces but, std::vector<Errand> errands) const {
    auto orders = std::make_unique<Orders>();
    orders->plan = plan_;
    orders->routes = intent_.routes();
    orders->tracer = tracer_;
    orders->nat_log = nat_.log();
    orders->departed_blocks = nat_.departed_blocks();
    orders->nat_clear = nat_clear_;
    orders->busy_polling = snapshot_->dataplane.busy_polling != 0;
    orders->workers = ports_->deal_queues(seats_, but);
    orders->errands = std::move(errands);
    return orders;
}

void Router::send(std::vector<Errand> errands) {
    if (!errands.empty()) crew_.publish(orders(0, std::move(errands)));
}

void Router::replan(uint64_t now_ns) {
    nat_.open_log(*snapshot_, static_cast<unsigned>(seats_.size()));
    if (crew_.size() == 0) nat_.open(*snapshot_);
    neighbours_.doubt(ports_->take_lost_links(), milliseconds(now_ns));
    plan_ = compile(*snapshot_, tunnels_.facts(ports_->facts()), neighbours_, nat_.supply());
    nat_.reserve_forwards(*plan_);
    next_hops_.follow(*snapshot_, *plan_, neighbours_);
    auto first = orders(0, announcer_.on_plan(*plan_, now_ns));
    if (crew_.size() == 0) {
        crew_.start(seats_, std::move(first), *own_packets_, nat_.tables());
    } else {
        crew_.publish(std::move(first));
    }
    unsettled_ = true;
    if (state_.main.generation.load(std::memory_order_relaxed) == snapshot_->generation &&
        status_.worker_count == seats_.size()) {
        return;
    }
    status_.worker_count = static_cast<uint32_t>(seats_.size());
    status_.message[0] = '\0';
    write_status();
    nat_.tell_dead_targets();
    state_.main.generation.store(snapshot_->generation, std::memory_order_release);
    spdlog::info("event=plan_published generation={} workers={} after_ms={:.1f}",
                 snapshot_->generation, seats_.size(),
                 static_cast<double>(monotonic_ns() - settings_.started_ns) / 1e6);
}

void Router::settle() {
    if (!crew_.all_follow()) return;
    release_unreferenced(*plan_, *snapshot_, neighbours_);
    unsettled_ = false;
}

void Router::watch_next_hops(uint64_t now_ns) {
    const auto changes = next_hops_.look(neighbours_);
    for (const NextHopWatch::Change& c : changes) {
        report_.next_hop(c.kind, c.interface, ports_->name(c.interface), c.address);
    }
    if (!changes.empty()) replan(now_ns);
}

bool Router::watch_tunnels(uint64_t now_ns) {
    return tunnels_.look(*snapshot_, *intent_.routes(), ports_->facts(), now_ns);
}

std::vector<Errand> Router::watch_groups(uint64_t now_ns) {
    const auto is_up = [&](InterfaceId id) { return plan_->interfaces[id].up; };
    std::vector<Errand> errands;
    for (const multicast::Task& t :
         groups_.look(snapshot_->multicast, state_.multicast, is_up, now_ns)) {
        const bool asks = t.kind == multicast::Task::Kind::ask;
        errands.push_back(
            {asks ? Errand::Kind::query : Errand::Kind::left_group, t.interface, t.group});
    }
    return errands;
}

void Router::watch_targets(uint64_t now_ns) {
    auto look = nat_.look_at_targets(*snapshot_, now_ns);
    if (look.changed) {
        replan(now_ns);
        nat_.tell_dead_targets();
    }
    send(std::move(look.probes));
}

void Router::watch_nat_clear() {
    const layout::NatClearRequest request = intent_.nat_clear();
    if (request.number <= nat_clear_.number) return;
    nat_clear_ = request;
    crew_.publish(orders(0, {}));
}

// Workers get a new tracer with each request, and none once it has what was asked for.
void Router::watch_traces() {
    const auto request = intent_.look_for_trace();
    if (!request && !(tracer_ && tracer_->done())) return;
    tracer_.reset();
    try {
        if (request && request->count > 0) tracer_ = std::make_shared<trace::Tracer>(*request);
    } catch (const std::exception& why) {
        spdlog::warn("event=trace_refused reason=\"{}\"", why.what());
    }
    crew_.publish(orders(0, {}));
}

void Router::refuse(uint64_t generation, std::string_view why) {
    report_.plan_refused(generation, why);
    status_.refused = generation;
    layout::copy_text(status_.message, why);
    write_status();
}

void Router::write_status() {
    status_.started_ns = settings_.started_ns;
    status_.tsc_hz = rte_get_tsc_hz();
    status_.process = static_cast<uint32_t>(::getpid());
    status_.huge_pages = settings_.huge_pages ? 1 : 0;
    layout::copy_text(status_.version, layout::version);
    state_.main.sequence.write(state_.main.status, status_);
}

uint64_t Router::busy_packets() const noexcept {
    uint64_t packets = 0;
    for (const layout::WorkerBlock& w : state_.workers) packets += w.busy_packets.get();
    return packets;
}

void Router::note_readiness(uint64_t now_ns) {
    if (busy_packets() == packets_before_) return;
    forwards_ = true;
    spdlog::info("event=first_packet after_ms={:.1f}",
                 static_cast<double>(now_ns - settings_.started_ns) / 1e6);
}

}  // namespace sluice
