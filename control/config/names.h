// SPDX-License-Identifier: BSD-3-Clause
// The words of the file for the model's choices.
#pragma once
#include <array>
#include <string_view>
#include <utility>

#include "control/config/model.h"

namespace sluice::config {

template <typename Choice, size_t n>
using Names = std::array<std::pair<std::string_view, Choice>, n>;

inline constexpr Names<Polling, 2> polling_names{{
    {"adaptive", Polling::adaptive},
    {"busy", Polling::busy},
}};

inline constexpr Names<ReversePath, 3> reverse_path_names{{
    {"off", ReversePath::off},
    {"strict", ReversePath::strict},
    {"loose", ReversePath::loose},
}};

inline constexpr Names<TunnelType, 2> tunnel_type_names{{
    {"gre", TunnelType::gre},
    {"ipip", TunnelType::ipip},
}};

inline constexpr Names<TunnelDontFragment, 3> tunnel_dont_fragment_names{{
    {"copy", TunnelDontFragment::copy},
    {"set", TunnelDontFragment::set},
    {"clear", TunnelDontFragment::clear},
}};

inline constexpr Names<MulticastCopies, 3> multicast_copies_names{{
    {"auto", MulticastCopies::automatic},
    {"members", MulticastCopies::members},
    {"all", MulticastCopies::all},
}};

inline constexpr Names<TunnelSpread, 3> tunnel_spread_names{{
    {"auto", TunnelSpread::automatic},
    {"on", TunnelSpread::on},
    {"off", TunnelSpread::off},
}};

inline constexpr Names<RouteType, 4> route_type_names{{
    {"unicast", RouteType::unicast},
    {"blackhole", RouteType::blackhole},
    {"unreachable", RouteType::unreachable},
    {"prohibit", RouteType::prohibit},
}};

inline constexpr Names<NatType, 5> nat_type_names{{
    {"source", NatType::source},
    {"dynamic", NatType::dynamic},
    {"static", NatType::fixed},
    {"forward", NatType::forward},
    {"exempt", NatType::exempt},
}};

inline constexpr Names<NatMapping, 2> nat_mapping_names{{
    {"endpoint-independent", NatMapping::endpoint_independent},
    {"endpoint-dependent", NatMapping::endpoint_dependent},
}};

inline constexpr Names<NatFiltering, 3> nat_filtering_names{{
    {"endpoint-independent", NatFiltering::endpoint_independent},
    {"address-dependent", NatFiltering::address_dependent},
    {"address-and-port-dependent", NatFiltering::address_and_port_dependent},
}};

inline constexpr Names<NatPooling, 2> nat_pooling_names{{
    {"paired", NatPooling::paired},
    {"arbitrary", NatPooling::arbitrary},
}};

inline constexpr Names<NatPortChoice, 3> nat_port_choice_names{{
    {"random", NatPortChoice::random},
    {"blocks", NatPortChoice::blocks},
    {"deterministic", NatPortChoice::deterministic},
}};

inline constexpr Names<NatProbe, 3> nat_probe_names{{
    {"none", NatProbe::none},
    {"icmp", NatProbe::icmp},
    {"tcp", NatProbe::tcp},
}};

inline constexpr Names<NatExpired, 2> nat_expired_names{{
    {"drop", NatExpired::drop},
    {"rst", NatExpired::rst},
}};

inline constexpr Names<NatLogEvent, 4> nat_log_event_names{{
    {"sessions", NatLogEvent::sessions},
    {"port-blocks", NatLogEvent::port_blocks},
    {"exhaustion", NatLogEvent::exhaustion},
    {"limits", NatLogEvent::limits},
}};

// IANA's numbers.
inline constexpr Names<uint8_t, 7> protocol_names{{
    {"any", 0},
    {"icmp", 1},
    {"tcp", 6},
    {"udp", 17},
    {"gre", 47},
    {"esp", 50},
    {"sctp", 132},
}};

}  // namespace sluice::config
