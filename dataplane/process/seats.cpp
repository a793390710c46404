// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/seats.h"

#include <algorithm>
#include <iterator>

namespace sluice {
namespace {

std::vector<Core> chosen_by(const layout::DataplaneSettings& settings,
                            const std::vector<Core>& usable) {
    std::vector<Core> choice;
    for (unsigned i = 0; i < settings.core_count && i < layout::max_workers; ++i) {
        const auto at = std::find_if(usable.begin(), usable.end(),
                                     [&](Core c) { return c.number == settings.cores[i]; });
        if (at != usable.end()) choice.push_back(*at);
    }
    return choice;
}

// The first core of this node, or of any node that has a port, or just the first.
std::vector<Core>::iterator nearest(std::vector<Core>& cores, int node,
                                    const std::vector<int>& port_nodes) {
    const auto is_near = [&](Core c) { return c.node == node; };
    const auto has_port = [&](Core c) {
        return std::find(port_nodes.begin(), port_nodes.end(), c.node) != port_nodes.end();
    };
    auto at = std::find_if(cores.begin(), cores.end(), is_near);
    if (at == cores.end()) at = std::find_if(cores.begin(), cores.end(), has_port);
    return at == cores.end() ? cores.begin() : at;
}

std::vector<Core> near_ports_first(std::vector<Core> cores, std::vector<int> port_nodes) {
    std::erase(port_nodes, -1);
    if (port_nodes.empty()) return cores;
    std::vector<Core> ordered;
    while (!cores.empty()) {
        const int node = port_nodes[ordered.size() % port_nodes.size()];
        const auto at = nearest(cores, node, port_nodes);
        ordered.push_back(*at);
        cores.erase(at);
    }
    return ordered;
}

}  // namespace

std::vector<Seat> assign_seats(const layout::DataplaneSettings& settings,
                               const std::vector<Core>& usable_cores, unsigned main_core,
                               const std::vector<int>& port_nodes) {
    std::vector<Core> choice = chosen_by(settings, usable_cores);
    if (choice.empty()) {
        std::copy_if(usable_cores.begin(), usable_cores.end(), std::back_inserter(choice),
                     [&](Core core) { return core.number != main_core; });
        choice = near_ports_first(std::move(choice), port_nodes);
    }
    if (choice.empty()) choice.push_back({main_core});

    const auto count = std::min<unsigned>(
        settings.workers != 0 ? settings.workers : static_cast<unsigned>(choice.size()),
        layout::max_workers);
    std::vector<Seat> seats;
    for (unsigned i = 0; i < count; ++i) {
        const Core core = choice[i % choice.size()];
        const Company company = count > choice.size()      ? Company::workers
                                : core.number == main_core ? Company::main_thread
                                                           : Company::none;
        seats.push_back({i, core.number, company, core.node});
    }
    return seats;
}

unsigned first_worker(const std::vector<Seat>& seats, int port_node, unsigned queues,
                      unsigned next) {
    const auto workers = static_cast<unsigned>(seats.size());
    const auto near = [&](unsigned first) {
        unsigned served = 0;
        for (unsigned q = 0; q < queues; ++q) {
            served += seats[(first + q) % workers].node == port_node;
        }
        return served;
    };
    unsigned best = next;
    for (unsigned i = 1; i < workers && port_node >= 0; ++i) {
        const unsigned candidate = (next + i) % workers;
        if (near(candidate) > near(best)) best = candidate;
    }
    return best;
}

}  // namespace sluice
