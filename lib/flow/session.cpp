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

void prepare_deltas(SessionFacts& facts) noexcept {
    const auto& [before, after] = facts.keys;  // in any order of words, as sums are
    const auto addresses = [](const FlowKey& k) -> uint64_t {
        return uint64_t{k.source.raw()} + k.destination.raw();
    };
    const auto ports = [](const FlowKey& k) -> uint64_t {
        return uint64_t{k.source_port.raw()} + k.destination_port.raw();
    };
    const auto gained = [](uint64_t from, uint64_t to) -> uint64_t {
        return static_cast<uint16_t>(~net::fold(from)) + to;
    };
    const uint64_t network = gained(addresses(before), addresses(after));
    facts.network_delta = net::fold(network);
    facts.transport_delta = net::fold(network + gained(ports(before), ports(after)));
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
