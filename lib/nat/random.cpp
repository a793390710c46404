// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/random.h"

#include <cerrno>
#include <system_error>

#include <sys/random.h>

namespace sluice::nat {

Random::Random() {
    if (::getrandom(key_, sizeof key_, 0) != static_cast<ssize_t>(sizeof key_)) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
}

}  // namespace sluice::nat
