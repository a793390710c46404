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

inline constexpr Names<RouteType, 4> route_type_names{{
    {"unicast", RouteType::unicast},
    {"blackhole", RouteType::blackhole},
    {"unreachable", RouteType::unreachable},
    {"prohibit", RouteType::prohibit},
}};

}  // namespace sluice::config
