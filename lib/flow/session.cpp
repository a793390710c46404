// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/session.h"

#include <cerrno>
#include <cstddef>
#include <system_error>

#include <sys/random.h>

namespace sluice::flow {

HashSecret random_secret() {
    HashSecret secret;
    if (::getrandom(&secret, sizeof secret, 0) != static_cast<ssize_t>(sizeof secret)) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    secret.words[3] |= 1;  // a multiplier that loses nothing
    return secret;
}

// The keys' words in any order, as sums are.
Deltas deltas_of(const FlowKey& before, const FlowKey& after) noexcept {
    const auto addresses = [](const FlowKey& k) -> uint64_t {
        return uint64_t{k.source.raw()} + k.destination.raw();
    };
    const auto ports = [](const FlowKey& k) -> uint64_t {
        return uint64_t{k.source_port.raw()} + k.destination_port.raw();
    };
    constexpr uint64_t two_addresses = 2 * uint64_t{0xffffffff}, two_ports = 2 * 0xffff;
    const uint64_t network = two_addresses - addresses(before) + addresses(after);
    return {net::fold(network), net::fold(network + two_ports - ports(before) + ports(after))};
}

bool copy_live(SessionCopy& copy, const Session& session) noexcept {
    const uint64_t before = session.commit.load(std::memory_order_acquire);
    if (Session::condition_of(before) != Condition::live) return false;
    shm::load_words(copy.facts, session.facts);
    copy.generation = Session::generation_of(before);
    copy.last_seen = session.last_seen.load(std::memory_order_relaxed);
    copy.state = session.state.load(std::memory_order_acquire);
    return session.commit.load(std::memory_order_relaxed) == before;
}

}  // namespace sluice::flow
