// SPDX-License-Identifier: BSD-3-Clause
// spdlog, by which both processes log. It formats by a template of fmt that is in fmt's library:
// said here, or g++ would compile it anew with each file that logs.
#pragma once
#include <fmt/format.h>
#include <spdlog/spdlog.h>

// Where it is a template; clang gives it another name than g++ did that of the library.
#if FMT_VERSION < 100000 && !defined(__clang__)
extern template void fmt::detail::vformat_to<char>(fmt::detail::buffer<char>&, fmt::string_view,
                                                   fmt::format_args, fmt::detail::locale_ref);
#endif
