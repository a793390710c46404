// SPDX-License-Identifier: BSD-3-Clause
// What a traced packet met, as it stands in shared memory: the steps it took and its first bytes.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "lib/layout/drop_reason.h"
#include "lib/layout/limits.h"

namespace sluice::layout {

// The steps of the plain way (dataplane/pipeline.cpp), in the order in which packets meet them.
#define SLUICE_STEPS(X)                                                     \
    X(ethernet_accept, "is the frame for us, and what does it carry?")      \
    X(arp_receive, "learn, answer, or ignore")                              \
    X(ipv4_validate, "lengths, version and checksum")                       \
    X(ipv4_screen_source, "may a packet come from this address, this way?") \
    X(nat_translate, "a session of the NAT, or a mapping to make one of?")  \
    X(ipv4_find_route, "longest match for the destination")                 \
    X(ipv4_options, "record route, timestamp, source routes")               \
    X(ipv4_local, "delivery to this router")                                \
    X(ipv6_validate, "version and lengths")                                 \
    X(ipv6_screen_source, "may a packet come from this address, this way?") \
    X(ipv6_find_route, "longest match for the destination")                 \
    X(ipv6_local, "delivery to this router")                                \
    X(tunnel_receive, "whose tunnel, and what is inside?")                  \
    X(ipv4_reassemble, "wait for the other fragments")                      \
    X(icmp_receive, "echo and its like")                                    \
    X(nd_receive, "learn, answer, or ignore")                               \
    X(nat_open, "is a session to be made for a packet that leaves?")        \
    X(ipv4_forward, "time to live, redirect, size")                         \
    X(ipv4_fragment, "split to the link's MTU")                             \
    X(ipv6_forward, "hop limit, size")                                      \
    X(tunnel_send, "an outer header, and the way to the remote")            \
    X(arp_resolve, "the next hop's MAC address")                            \
    X(nd_resolve, "the next hop's MAC address")                             \
    X(transmit, "the frame as it leaves")                                   \
    X(igmp_receive, "who has joined or left a group?")                      \
    X(multicast_forward, "did it come the right way, and who wants it?")    \
    X(multicast_copy, "one for each interface that wants it")               \
    X(broadcast_relay, "is it from the network that it came by?")           \
    X(bridge, "a whole frame, from a port into a tunnel or back")           \
    X(icmp_error, "tell the source")

enum class Step : uint8_t {
#define X(name, sentence) name,
    SLUICE_STEPS(X)
#undef X
        count
};

struct StepText {
    std::string_view name;
    std::string_view sentence;
};
inline constexpr std::array<StepText, static_cast<unsigned>(Step::count)> step_texts{{
#define X(name, sentence) {#name, sentence},
    SLUICE_STEPS(X)
#undef X
}};

enum class StepResult : uint8_t { passed, dropped, finished };

// `a` and `b` say more about the step; what they mean is the step's own (control/api/trace.cpp).
struct TraceStep {
    Step step;
    StepResult result;
    DropReason reason;  // when dropped
    uint8_t reserved;
    InterfaceId interface;
    uint16_t reserved_too;
    uint32_t a;
    uint32_t b;
};
static_assert(sizeof(TraceStep) == 16);

inline constexpr unsigned max_trace_steps = 32;
inline constexpr unsigned max_trace_bytes = 128;

struct TraceRecord {
    uint64_t trace;  // the request's number
    uint64_t time_ns;
    uint32_t frame_length;
    InterfaceId interface;
    uint8_t captured;
    uint8_t step_count;
    TraceStep steps[max_trace_steps];
    uint8_t bytes[max_trace_bytes];
};
static_assert(sizeof(TraceRecord) == 24 + 32 * 16 + 128);

}  // namespace sluice::layout
