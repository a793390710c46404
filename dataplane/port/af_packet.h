// SPDX-License-Identifier: BSD-3-Clause
// The particulars of DPDK's AF_PACKET driver.
//
// It reports 1518 bytes as its largest frame, whatever its arguments made room for, so that
// ethdev refuses every larger MTU; what it really takes is known here. And it has the kernel put
// fragments together, which a router must not: they are forwarded as they came. The linker puts
// a function of ours in place of the system call that asks for it (--wrap=setsockopt).
#pragma once
#include <cstdint>
#include <string>

namespace sluice::port::af_packet {

// The device arguments with room for frames of this MTU, unless they have been told how large a
// frame is or the device is another's. What fits the driver's usual frames needs no more room.
std::string complete(const std::string& arguments, uint32_t mtu);

// The longest packet that the frames of these completed arguments hold, without its Ethernet
// header.
uint32_t largest_mtu(const std::string& arguments);

// The driver refuses smaller ones.
uint32_t smallest_buffer(const std::string& arguments);

}  // namespace sluice::port::af_packet
