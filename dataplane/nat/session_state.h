// SPDX-License-Identifier: BSD-3-Clause
// What the NAT keeps in the 32 bits of Session::state, which control shows too:
//   bits 0-7   the class of its idle time: place in flow::Timeouts
//   bits 8-15  TcpState
//   bits 16-29 number of an FTP connection's record (lib/nat/ftp_records.h); 0: none
//   bit 31     plain: a packet that is no SYN, FIN or RST changes nothing
#pragma once
#include <algorithm>
#include <cstdint>

#include "dataplane/nat/tcp_state.h"
#include "lib/flow/writer.h"
#include "lib/layout/nat.h"

namespace sluice::nat {

// A connection in doubt has the time of a transitory one, the last of it in the class `tcp_asked`.
enum class IdleClass : uint8_t {
    udp,
    tcp_transitory,
    tcp_established,
    icmp,
    other,
    tcp_in_doubt,
    tcp_asked
};

constexpr uint32_t plain_bit = 1u << 31;

constexpr uint32_t pack_state(IdleClass idle, TcpState tcp) noexcept {
    const bool plain = tcp == TcpState::none || is_long_lived(tcp) || tcp == TcpState::closing;
    return static_cast<uint32_t>(idle) | static_cast<uint32_t>(tcp) << 8 | (plain ? plain_bit : 0);
}
constexpr TcpState tcp_state(uint32_t state) noexcept {
    return static_cast<TcpState>(state >> 8 & 0xff);
}
constexpr IdleClass idle_class_of(TcpState tcp) noexcept {
    if (is_long_lived(tcp)) return IdleClass::tcp_established;
    return tcp == TcpState::in_doubt ? IdleClass::tcp_in_doubt : IdleClass::tcp_transitory;
}
constexpr uint32_t pack_tcp(TcpState tcp) noexcept { return pack_state(idle_class_of(tcp), tcp); }

constexpr uint32_t record_of(uint32_t state) noexcept { return state >> 16 & 0x3fff; }
// A session with a record is never plain, nor is one whose payload is read.
constexpr uint32_t not_plain(uint32_t state) noexcept { return state & ~plain_bit; }
constexpr uint32_t with_record(uint32_t state, uint32_t record) noexcept {
    return record == 0 ? state : (state & ~plain_bit) | record << 16;
}

// The state that a session begins with.
constexpr uint32_t first_state(uint8_t protocol, flow::Direction first) noexcept {
    if (protocol == net::Protocol::tcp) return pack_tcp(opened_by(first));
    if (protocol == net::Protocol::udp) return pack_state(IdleClass::udp, TcpState::none);
    if (protocol == net::Protocol::icmp) return pack_state(IdleClass::icmp, TcpState::none);
    return pack_state(IdleClass::other, TcpState::none);
}

constexpr uint32_t most_to_answer_s = 6;  // for a host that is asked whether it has a connection

// One tick is a second.
inline flow::Timeouts timeouts_of(const layout::NatSettings& s) noexcept {
    flow::Timeouts timeouts;
    timeouts.ticks.fill(s.other_s);
    timeouts.ticks[static_cast<unsigned>(IdleClass::udp)] = s.udp_s;
    timeouts.ticks[static_cast<unsigned>(IdleClass::tcp_transitory)] = s.tcp_transitory_s;
    timeouts.ticks[static_cast<unsigned>(IdleClass::tcp_established)] = s.tcp_established_s;
    timeouts.ticks[static_cast<unsigned>(IdleClass::icmp)] = s.icmp_s;
    const uint32_t to_answer = std::min(most_to_answer_s, s.tcp_transitory_s / 2);
    timeouts.ticks[static_cast<unsigned>(IdleClass::tcp_in_doubt)] = s.tcp_transitory_s - to_answer;
    timeouts.ticks[static_cast<unsigned>(IdleClass::tcp_asked)] = to_answer;
    timeouts.then[static_cast<unsigned>(IdleClass::tcp_in_doubt)] =
        static_cast<uint8_t>(IdleClass::tcp_asked);
    for (uint32_t& ticks : timeouts.ticks) ticks = std::max(ticks, 1u);
    return timeouts;
}

// Of SessionFacts::flags.
constexpr uint16_t inbound_refreshes = 1;  // RFC 4787 REQ-6
constexpr uint16_t hairpinned = 2;
constexpr uint16_t grants_permission = 4;   // its remote address may send to the mapping
constexpr uint16_t holds_count = 8;         // one of the subscriber's sessions
constexpr uint16_t shares_port = 16;        // with sessions of other internal endpoints
constexpr uint16_t maps_remote = 32;        // twice NAT: its mapping is the remote's
constexpr uint16_t holds_block = 64;        // the block of ports that its mapping's is of
constexpr uint16_t counts_port = 128;       // its mapping is one of the subscriber's ports
constexpr uint16_t server_inside = 256;     // of an FTP control connection: inside are the replies
constexpr uint16_t awaits_remote = 512;     // no flow yet: its remote's port is 0 (awaiting.h)
constexpr uint16_t answers_by_name = 1024;  // from inside come a name server's answers
constexpr uint16_t is_logged = 0x8000;      // the log was told of it, and will be of its end

inline net::Ipv4Address subscriber_of(const flow::SessionFacts& f) noexcept {
    return {f.keys[0].source.host()};
}
// Who may send to the mapping by the session's permission: as he is when his packets come in. Of
// a hairpinned session he is inside, and the host here knows him by his external address.
inline net::Ipv4Address permitted_by(const flow::SessionFacts& f) noexcept {
    return {f.keys[1].source.host()};
}

// RFC 4787 REQ-6: what comes from outside does not keep a mapping of UDP alive unless the rule says
// so. Of other protocols, both sides do.
inline bool refreshes(const flow::Session& s, flow::Direction direction) noexcept {
    return direction == flow::Direction::outbound ||
           s.key(direction).protocol != net::Protocol::udp ||
           (s.facts.flags & inbound_refreshes) != 0;
}

}  // namespace sluice::nat
