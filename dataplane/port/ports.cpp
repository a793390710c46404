// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/ports.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "lib/layout/text.h"
#include "lib/log.h"

namespace sluice::port {
namespace {

using layout::EventKind;
using layout::InterfaceCondition;

constexpr uint64_t retry_after_ns = 1'000'000'000;

Interfaces bit(unsigned id) noexcept { return Interfaces{1} << id; }

bool exists(const layout::Interface& wish) noexcept { return wish.name[0] != '\0'; }

// The rest of an interface's settings are the plan's.
bool same_port(const layout::Interface& a, const layout::Interface& b) noexcept {
    return std::strncmp(a.name, b.name, sizeof a.name) == 0 &&
           std::strncmp(a.device, b.device, sizeof a.device) == 0 && a.mac == b.mac &&
           a.mtu == b.mtu && a.rx_queues == b.rx_queues && a.rx_descriptors == b.rx_descriptors &&
           a.tx_descriptors == b.tx_descriptors && a.enabled == b.enabled &&
           a.promiscuous == b.promiscuous;
}

bool same_device(const layout::Interface& a, const layout::Interface& b) noexcept {
    return device_arguments(a) == device_arguments(b);
}

std::string sentences(const std::vector<std::string>& why) {
    std::string text;
    for (const std::string& sentence : why) {
        if (!text.empty()) text += '\n';
        text += sentence;
    }
    return text;
}

}  // namespace

Interfaces Ports::to_change(const layout::Snapshot& wanted) const noexcept {
    Interfaces which = 0;
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        if (!same_port(wanted.interfaces[id], slots_[id].wish)) which |= bit(id);
    }
    return which;
}

Interfaces Ports::due(uint64_t now_ns) const noexcept {
    Interfaces which = 0;
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        const Slot& slot = slots_[id];
        const bool again = slot.condition == InterfaceCondition::failed && now_ns >= slot.retry_ns;
        const bool asks = slot.port && (slot.port->is_gone(now_ns) || slot.port->wants_reset());
        if (again || asks) which |= bit(id);
    }
    return which;
}

Interfaces Ports::relying_on_one_pool() const noexcept {
    Interfaces which = 0;
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        const Slot& slot = slots_[id];
        if (slot.port && slot.port->granted().granted.has(Feature::fast_free)) which |= bit(id);
    }
    return which;
}

// Devices are given up before others are taken, so that two interfaces can swap theirs.
void Ports::change(Interfaces which, const layout::Snapshot& wanted, unsigned workers,
                   uint64_t now_ns) {
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        Slot& slot = slots_[id];
        if ((which & bit(id)) == 0 || !slot.port) continue;
        const layout::Interface& wish = wanted.interfaces[id];
        const bool keep = exists(wish) && wish.enabled != 0 && same_device(wish, slot.wish);
        if (!keep || slot.port->is_gone(now_ns)) slot.port.reset();
    }
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        if ((which & bit(id)) == 0) continue;
        change_one(static_cast<InterfaceId>(id), wanted.interfaces[id], workers, now_ns);
    }
}

void Ports::change_one(InterfaceId id, const layout::Interface& wish, unsigned workers,
                       uint64_t now_ns) {
    Slot& slot = slots_[id];
    if (!exists(wish)) {
        if (exists(slot.wish)) spdlog::info("event=interface_removed interface={}", slot.wish.name);
        slot = Slot{};
        facts_[id] = {};
        return write_status(id);
    }
    if (std::strncmp(slot.wish.name, wish.name, sizeof wish.name) != 0) slot.link_changes = 0;
    slot.wish = wish;
    slot.wish.name[sizeof wish.name - 1] = '\0';
    facts_[id] = {false, facts_[id].mac, wish.mtu};
    if (wish.enabled == 0) {
        slot.condition = InterfaceCondition::disabled;
        slot.failure.clear();
        return write_status(id);
    }
    try {
        bring_up(id, slot.wish, workers);
    } catch (const std::exception& why) {
        fail(id, why.what(), now_ns);
    }
    write_status(id);
}

void Ports::bring_up(InterfaceId id, const layout::Interface& wish, unsigned workers) {
    Slot& slot = slots_[id];
    if (!slot.port) {
        slot.port = std::make_unique<Port>(wish);
    } else if (slot.port->wants_reset()) {
        slot.port->reset();
        report_.interface(EventKind::interface_reset, id, wish.name);
    }
    slot.port->stop();
    slot.port->start(wish, workers, pools_);
    slot.condition = InterfaceCondition::down;
    slot.failure.clear();
    slot.link = {};
    const Granted& got = slot.port->granted();
    facts_[id] = {false, slot.port->mac(), got.mtu, got.address_queues, got.port_queues};
    spdlog::info(
        "event=interface_started interface={} driver={} port={} mac={} mtu={} rx_queues={} "
        "tx_queues={}",
        wish.name, slot.port->driver(), slot.port->number(), net::to_string(slot.port->mac()),
        got.mtu, got.rx_queues, got.tx_queues);
    note_link(id);
}

void Ports::fail(InterfaceId id, std::string why, uint64_t now_ns) {
    Slot& slot = slots_[id];
    slot.port.reset();
    if (slot.link.up) lost_links_ |= bit(id);
    slot.link = {};
    // The same failure, tried again each second, is told once.
    if (slot.condition != InterfaceCondition::failed || slot.failure != why) {
        report_.interface(EventKind::interface_failed, id, slot.wish.name,
                          fmt::format("reason=\"{}\" retry_s=1", why));
    }
    slot.condition = InterfaceCondition::failed;
    slot.failure = std::move(why);
    slot.retry_ns = now_ns + retry_after_ns;
}

void Ports::note_link(InterfaceId id) {
    Slot& slot = slots_[id];
    const bool was_up = slot.link.up;
    slot.link = slot.port->link();
    if (was_up && !slot.link.up) lost_links_ |= bit(id);
    facts_[id].up = slot.link.up;
    slot.condition = slot.link.up ? InterfaceCondition::up : InterfaceCondition::down;
    ++slot.link_changes;
    report_.interface(slot.link.up ? EventKind::interface_up : EventKind::interface_down, id,
                      slot.wish.name, fmt::format("speed_mbps={}", slot.link.speed_mbps));
}

bool Ports::link_interrupt() noexcept {
    bool any = false;
    for (Slot& slot : slots_) any |= slot.port && slot.port->take_link_change();
    return any;
}

bool Ports::watch_links() {
    bool changed = false;
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        Slot& slot = slots_[id];
        if (!slot.port || slot.port->link() == slot.link) continue;
        note_link(static_cast<InterfaceId>(id));
        write_status(static_cast<InterfaceId>(id));
        changed = true;
    }
    return changed;
}

void Ports::read_counters() {
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        if (slots_[id].port) slots_[id].port->read_counters(state_.interfaces[id].device);
    }
}

void Ports::answer(uint64_t generation) {
    generation_ = generation;
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        if (exists(slots_[id].wish)) write_status(static_cast<InterfaceId>(id));
    }
}

void Ports::write_status(InterfaceId id) {
    const Slot& slot = slots_[id];
    layout::InterfaceStatus status{};
    if (exists(slot.wish)) {
        status.generation = generation_;
        status.condition = slot.condition;
        status.mtu = facts_[id].mtu;
        status.mac = facts_[id].mac.as_bits();
        status.link_changes = slot.link_changes;
        layout::copy_text(status.name, slot.wish.name);
        layout::copy_text(status.why, slot.failure);
    }
    if (slot.port) {
        const Granted& got = slot.port->granted();
        status.speed_mbps = slot.link.speed_mbps;
        status.asked = got.asked.bits();
        status.granted = got.granted.bits();
        status.port = slot.port->number();
        status.rx_queues = got.rx_queues;
        status.tx_queues = got.tx_queues;
        status.rx_descriptors = got.rx_descriptors;
        status.tx_descriptors = got.tx_descriptors;
        layout::copy_text(status.driver, slot.port->driver());
        layout::copy_text(status.why, sentences(got.why));
    }
    layout::InterfaceBlock& block = state_.interfaces[id];
    block.sequence.write(block.status, status);
}

// A queue pair is served by one worker in both directions, which virtio's flow steering counts
// on. Ports with fewer queues than there are workers begin at different workers.
std::vector<WorkerOrders> Ports::deal_queues(const std::vector<Seat>& seats, Interfaces but) const {
    const auto workers = static_cast<unsigned>(seats.size());
    std::vector<WorkerOrders> dealt(workers);
    unsigned next = 0;
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        const Slot& slot = slots_[id];
        if (!slot.port || (but & bit(id)) != 0) continue;
        const uint16_t queues = slot.port->granted().rx_queues;
        const unsigned first = first_worker(seats, slot.port->node(), queues, next);
        for (uint16_t q = 0; q < queues; ++q) {
            dealt[(first + q) % workers].receive.push_back(
                {static_cast<InterfaceId>(id), slot.port->number(), q});
        }
        for (unsigned w = 0; w < workers; ++w) {
            dealt[(first + w) % workers].transmit[id] = slot.port->tx_queue(w);
        }
        next = (first + queues) % workers;
    }
    return dealt;
}

void Ports::close_all() noexcept {
    for (Slot& slot : slots_) slot.port.reset();
}

}  // namespace sluice::port
