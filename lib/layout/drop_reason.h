// SPDX-License-Identifier: BSD-3-Clause
// Why a packet was dropped. Every dropped packet has exactly one of these reasons.
//
// To add one: a line here, a `drop(DropReason::...)` where it happens, and a test in
// test/path/ that provokes it (a test fails for a reason that none provokes).
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::layout {

// expected: a healthy network does this.  notice: worth a look when it grows.
// warning: somebody loses packets he wanted.  error: the router itself is short of something.
enum class Severity : uint8_t { expected, notice, warning, error };

// name, severity, what happened, what to do about it
#define SLUICE_DROP_REASONS(X)                                                                     \
    /* ethernet */                                                                                 \
    X(frame_too_short, notice, "the frame is shorter than its Ethernet header",                    \
      "look for a broken NIC, driver or virtual switch")                                           \
    X(frame_not_for_us, expected, "the frame is addressed to another MAC address",                 \
      "normal on a flooding switch or a promiscuous port")                                         \
    X(frame_bad_source, warning, "the frame's source MAC is a group address",                      \
      "no station may send this; find it by its port on the switch")                               \
    X(vlan_not_accepted, notice, "the frame carries a VLAN tag",                                   \
      "make the switch port untagged (access)")                                                    \
    X(ipv6_not_routed, expected, "IPv6, which this interface has no address of",                   \
      "nothing, if the hosts use IPv4 too; else give the interface an IPv6 address")               \
    X(ethertype_unknown, expected, "neither IP nor ARP",                                           \
      "nothing: spanning tree, LLDP and their like end here")                                      \
    /* arp */                                                                                      \
    X(arp_malformed, warning, "the ARP packet is cut short or not Ethernet and IPv4",              \
      "look for the sender in `sluice trace`")                                                     \
    X(arp_bad_sender, warning, "the ARP sender's MAC or IP can not be a host's",                   \
      "look for spoofing on the segment")                                                          \
    X(arp_own_address, error, "another station claims an address of this router",                  \
      "give the other station another address; `sluice show events` names its MAC")                \
    X(arp_limited, warning, "more ARP frames came by an interface than are worth hearing",         \
      "look for the flood's source in `sluice trace`; answers that were asked for are still "      \
      "heard")                                                                                     \
    /* ipv4 validation */                                                                          \
    X(ip_too_short, warning, "fewer than 20 bytes follow the Ethernet header",                     \
      "look for a broken sender")                                                                  \
    X(ip_bad_version, warning, "the IP version is not the one announced",                          \
      "look for a broken sender")                                                                  \
    X(ip_bad_header_length, warning, "the IP header length is under 5 words",                      \
      "look for a broken sender")                                                                  \
    X(ip_header_truncated, warning, "the IP header reaches past the packet",                       \
      "look for a broken sender")                                                                  \
    X(ip_bad_total_length, warning, "the total length is under the header's or over the packet's", \
      "look for a broken sender or a path that cuts packets")                                      \
    X(ip_bad_checksum, warning, "the IP header checksum is wrong",                                 \
      "on virtual NICs switch off tx checksum offload at the sender (ethtool -K DEV tx off)")      \
    /* ipv4 addresses */                                                                           \
    X(source_martian, notice, "the source address can not be a host's (RFC 1812 5.3.7)",           \
      "look for a misconfigured or spoofing sender")                                               \
    X(source_is_ours, warning, "the source address is this router's own",                          \
      "look for a loop, a spoofing sender or a duplicate address")                                 \
    X(reverse_path_failed, notice, "the way back to the source is not by this interface",          \
      "if routing is asymmetric here, set \"reverse_path\" to \"loose\" or \"off\"")               \
    X(destination_martian, notice, "the destination address can not be a host's",                  \
      "look for a misconfigured sender")                                                           \
    X(group_not_joined, expected, "multicast or limited broadcast that this router does not hear", \
      "nothing")                                                                                   \
    X(directed_broadcast, notice, "directed broadcasts are not forwarded (RFC 2644)",              \
      "set \"directed_broadcast\" on the interface if a trusted tool needs it")                    \
    X(link_broadcast, notice, "a link broadcast with a unicast destination (RFC 1812 5.3.4)",      \
      "look for a broken sender")                                                                  \
    /* ipv4 options */                                                                             \
    X(option_malformed, warning, "an IP option is malformed", "look for a broken sender")          \
    X(source_route_refused, notice, "source-routed packets are refused (RFC 7126)",                \
      "set \"source_routing\" on the interface if a trusted tool needs it")                        \
    X(source_route_failed, notice, "strict source route: the next address is on no network here",  \
      "nothing")                                                                                   \
    /* ipv6 and its neighbours */                                                                  \
    X(ipv6_beyond_link, notice,                                                                    \
      "from or to a link-local address, beyond its link (RFC 4291 2.5.6)",                         \
      "give the host a global address; router advertisements do")                                  \
    X(ipv6_extension, notice,                                                                      \
      "an IPv6 packet to this router with an extension header that it does not know",              \
      "look for a broken sender or a scan")                                                        \
    X(ipv6_fragment, notice,                                                                       \
      "a fragment of an IPv6 packet to this router, which puts none together",                     \
      "send smaller packets to the router itself; through it fragments go")                        \
    X(nd_malformed, warning, "a neighbour discovery message that RFC 4861 refuses",                \
      "look for the sender in `sluice trace`; one from beyond the link is an attack")              \
    X(nd_own_address, error, "another station claims an IPv6 address of this router",              \
      "give the other station another address; `sluice trace` shows its MAC")                      \
    X(nd_limited, warning, "more neighbour discovery came by an interface than is worth hearing",  \
      "look for the flood's source in `sluice trace`; answers that were asked for are still "      \
      "heard")                                                                                     \
    /* routes */                                                                                   \
    X(no_route, warning, "no route covers the destination",                                        \
      "add a route; `sluice show route ADDRESS` says what there is")                               \
    X(route_blackhole, expected, "a blackhole route covers the destination", "nothing")            \
    X(route_unreachable, expected, "an unreachable route covers the destination", "nothing")       \
    X(route_prohibited, expected, "a prohibit route covers the destination", "nothing")            \
    X(next_hop_unknown, error, "the route names a next hop that the configuration lacks",          \
      "restart sluice-control, which mends the route table, and report this")                      \
    X(no_live_next_hop, error, "every next hop of the route is down",                              \
      "`sluice show interface` and `sluice show neighbour` say which and why")                     \
    /* forwarding */                                                                               \
    X(ttl_expired, expected, "the packet's time to live ran out",                                  \
      "traceroute does this; if it grows fast look for a routing loop")                            \
    X(too_big, notice, "larger than the next link's MTU and not to be fragmented",                 \
      "senders learn the MTU from the ICMP message, if nobody filters it")                         \
    X(interface_down, warning, "the interface to leave by is down",                                \
      "`sluice show interface` says why")                                                          \
    X(neighbour_failed, warning,                                                                   \
      "the next hop answers neither ARP nor IPv6 neighbour solicitations",                         \
      "look whether the host is up and on this network")                                           \
    X(neighbour_queue_full, notice, "too many packets wait for this neighbour's MAC address",      \
      "normal for the first packets to a host that does not exist")                                \
    X(neighbour_table_full, error, "no room for another neighbour",                                \
      "look for an address scan in `sluice show neighbour`; raise \"arp\".\"max_entries\"")        \
    X(transmit_full, warning, "the device took no more packets",                                   \
      "the link is the bottleneck; raise \"tx_descriptors\" if it comes in bursts")                \
    /* local delivery */                                                                           \
    X(icmp_malformed, notice, "an ICMP message to this router is cut short or its checksum wrong", \
      "look for a broken sender")                                                                  \
    X(icmp_not_answered, expected, "an ICMP message to this router that asks for no answer",       \
      "nothing")                                                                                   \
    X(protocol_unreachable, expected, "a protocol that this router does not speak, sent to it",    \
      "nothing")                                                                                   \
    X(port_unreachable, expected, "a TCP or UDP port on which this router does not listen",        \
      "nothing: scans do this")                                                                    \
    /* reassembly */                                                                               \
    X(fragment_malformed, warning, "a fragment to this router overlaps another or is too long",    \
      "look for an attack")                                                                        \
    X(reassembly_full, warning, "too many packets to this router await their other fragments",     \
      "look for an attack or a lossy link")                                                        \
    X(reassembly_timeout, notice, "the rest of a fragmented packet to this router never came",     \
      "look for a lossy link")                                                                     \
    /* nat */                                                                                      \
    X(nat_no_mapping, expected,                                                                    \
      "it came for an external address, but nothing inside has that port",                         \
      "nothing: scans end here; for a service inside, add a \"forward\" rule")                     \
    X(nat_filtered, expected,                                                                      \
      "the mapping does not let in what it has not sent to (RFC 4787 REQ-8)",                      \
      "if it should come in, set the rule's \"filtering\"")                                        \
    X(nat_no_session, notice, "it is of no session and can not begin one",                         \
      "normal after an idle time-out; \"on_expired\": \"rst\" tells TCP hosts at once")            \
    X(nat_no_port, error, "no external port is free for a new flow",                               \
      "add addresses to the rule's pool; `sluice show nat top` names who uses them")               \
    X(nat_table_full, error, "the session table is full",                                          \
      "raise \"sessions\".\"max\"; `sluice show nat top` names who uses them")                     \
    X(nat_subscriber_limit, warning,                                                               \
      "the host inside has all the sessions or ports that its rule allows",                        \
      "look what it runs, or raise the rule's limits")                                             \
    X(nat_busy, notice, "two workers made the same session at once",                               \
      "nothing, while it is rare: the packet's sender repeats it")                                 \
    X(nat_conflict, warning, "another host inside has this protocol's flow to the same remote",    \
      "give the hosts addresses of their own (\"static\" or \"dynamic\")")                         \
    X(nat_no_target, warning, "no target of the forward takes new sessions",                       \
      "look at the targets' health in `sluice show nat`")                                          \
    X(nat_malformed, warning, "it is cut short before what has to be translated",                  \
      "look for a broken sender or tiny fragments (RFC 1858)")                                     \
    X(nat_alg_refused, notice,                                                                     \
      "a segment of an FTP connection that can not be translated as it is",                        \
      "nothing, while it is rare: its sender repeats it")                                          \
    X(nat_icmp_malformed, notice, "an ICMP error or the packet it quotes has a wrong checksum",    \
      "look for a broken router on the way")                                                       \
    X(nat_icmp_unmatched, notice, "an ICMP error from inside is of no session",                    \
      "nothing: the flow has ended before")                                                        \
    X(nat_fragments_full, warning, "too many fragments wait for the first of their packet",        \
      "look for a flood of fragments in `sluice trace`")                                           \
    X(nat_fragment_timeout, notice, "the first fragment of the packet never came",                 \
      "look for a lossy link or a path that drops fragments")                                      \
    X(nat_syn_unanswered, expected,                                                                \
      "a SYN from outside that nobody inside had asked for (RFC 5382 REQ-4)",                      \
      "nothing: its sender is told that the port is unreachable")                                  \
    X(nat_syn_superseded, expected,                                                                \
      "a SYN from outside met one from inside: a simultaneous opening",                            \
      "nothing: the connection goes on by the other one")                                          \
    /* tunnels */                                                                                  \
    X(tunnel_unknown, notice, "tunnelled to this router from where no tunnel leads",               \
      "look at \"remote\", \"key\" and \"udp_port\" of the tunnel at both ends")                   \
    X(tunnel_udp_malformed, notice,                                                                \
      "the UDP header of GRE in UDP is cut short or its length wrong", "look for a broken sender") \
    X(tunnel_udp_checksum, warning, "the UDP checksum of GRE in UDP is wrong",                     \
      "look for a broken path or sender")                                                          \
    X(gre_malformed, notice, "a GRE header that is cut short or says what RFC 2784 refuses",       \
      "look for a broken sender, or one that uses routing or version 1 (PPTP)")                    \
    X(gre_bad_checksum, warning, "the GRE checksum is wrong", "look for a broken path or sender")  \
    X(gre_late, notice, "a GRE sequence number that has passed: it came late or twice",            \
      "look for a path that reorders; without \"sequence\" they are let in")                       \
    X(tunnel_payload, notice, "a tunnel carried what is neither IPv4 nor what it was set up for",  \
      "look what the other end sends in `sluice trace`")                                           \
    X(tunnel_ecn, notice, "congestion was marked on a packet that can not tell it (RFC 6040)",     \
      "nothing: a full queue on the way would have dropped it")                                    \
    X(tunnel_loop, error, "the way to the tunnel's remote leads through the tunnel itself",        \
      "add a route to the remote that does not; `sluice show route REMOTE` says what there is")    \
    X(tunnel_returns, notice,                                                                      \
      "in a tunnel to the very other end that it came from (RFC 2784 3.1, RFC 2003 3.2)",          \
      "look at the other end's routes: it sends into the tunnel what is for itself")               \
    X(bridge_too_big, warning, "a frame is too large for the tunnel, or for the port behind it",   \
      "lower the hosts' MTU to the tunnel's, or set its \"dont_fragment\" to \"clear\"")           \
    X(tunnel_too_deep, error, "more tunnels inside each other than this router opens",             \
      "look for a loop of tunnels")                                                                \
    X(tunnel_back, notice,                                                                         \
      "from a tunnel to an IPv6 address of its network that is nobody's (RFC 4443 3.1)",           \
      "nothing: scans do this")                                                                    \
    /* multicast */                                                                                \
    X(multicast_unwanted, expected, "nobody has joined the group, and no interface gets all",      \
      "nothing; `sluice show multicast` says who has joined what")                                 \
    X(multicast_wrong_way, notice, "it came by another interface than leads back to its source",   \
      "normal where packets go round; else look at the route to its source")                       \
    X(broadcast_wrong_way, notice,                                                                 \
      "a broadcast to be relayed came from outside of the network that it came by",                \
      "normal where several routers relay into one network; else look at the route to its source") \
    X(igmp_malformed, warning, "an IGMP message that is cut short, false or not as RFC 3376 says", \
      "look for the sender in `sluice trace`")                                                     \
    X(igmp_bad_sender, warning, "an IGMP message from an address of another network",              \
      "look for a spoofing sender, or a host with a wrong address")                                \
    X(igmp_ignored, expected, "an IGMP message of a kind that this router does not speak",         \
      "nothing")                                                                                   \
    X(igmp_limited, warning, "more IGMP messages came by an interface than are worth hearing",     \
      "look for the flood's source in `sluice trace`")                                             \
    X(igmp_groups_full, error, "all groups that may be joined are",                                \
      "raise \"multicast\".\"max_groups\"; `sluice show multicast` says who has joined what")      \
    X(igmp_interface_full, warning, "the interface's hosts have joined all groups that they may",  \
      "look what they run, or raise the interface's \"max_groups\" in \"multicast\"")              \
    X(handover_full, warning, "the worker that was to open a tunnel's packet was too far behind",  \
      "`sluice show workers` says how busy each is; give the dataplane more cores")                \
    /* the router's own limits */                                                                  \
    X(no_buffer, error, "no packet buffer was free", "raise \"dataplane\".\"buffers\"")

enum class DropReason : uint8_t {
#define X(name, severity, sentence, advice) name,
    SLUICE_DROP_REASONS(X)
#undef X
        count
};
inline constexpr unsigned drop_reason_count = static_cast<unsigned>(DropReason::count);

struct DropReasonText {
    std::string_view name;
    Severity severity;
    std::string_view sentence;
    std::string_view advice;
};

inline constexpr std::array<DropReasonText, drop_reason_count> drop_reason_texts{{
#define X(name, severity, sentence, advice) {#name, Severity::severity, sentence, advice},
    SLUICE_DROP_REASONS(X)
#undef X
}};

constexpr const DropReasonText& text_of(DropReason reason) noexcept {
    return drop_reason_texts[static_cast<unsigned>(reason)];
}

}  // namespace sluice::layout
