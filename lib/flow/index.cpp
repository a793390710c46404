// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/index_body.h"

namespace sluice::flow {

template class BasicIndex<SessionKeys>;

}  // namespace sluice::flow
