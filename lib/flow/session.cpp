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
    constexpr size_t addresses = offsetof(FlowKey, source_port);
    constexpr size_t ports = offsetof(FlowKey, protocol) - addresses;
    const auto sum = [&](Direction direction, size_t from, size_t length) {
        const auto* key = reinterpret_cast<const char*>(&facts.keys[static_cast<int>(direction)]);
        return net::fold(net::sum_words(key + from, length));
    };
    const auto gained = [&](size_t from, size_t length) -> uint32_t {
        return static_cast<uint16_t>(~sum(Direction::outbound, from, length)) +
               uint32_t{sum(Direction::inbound, from, length)};
    };
    const uint32_t network = gained(0, addresses);
    facts.network_delta = net::fold(network);
    facts.transport_delta = net::fold(network + gained(addresses, ports));
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
