// SPDX-License-Identifier: BSD-3-Clause
// The kernel interface below a virtual device whose driver does not watch it.
#pragma once
#include <cstdint>

namespace sluice::port {

bool kernel_interface_exists(unsigned index) noexcept;
// It is up and has a carrier.
bool kernel_interface_runs(unsigned index) noexcept;
// 0, or a negative errno.
int set_kernel_interface_mtu(unsigned index, uint32_t mtu) noexcept;

}  // namespace sluice::port
