// SPDX-License-Identifier: BSD-3-Clause
// The particulars of devices whose other end is a process, met at a unix socket: memif, vhost and
// virtio-user.
//
// Whoever listens there leaves the socket's file behind when it is killed, and its driver refuses
// to listen at a file that is there. Whoever connects does so once, when the device starts: if the
// other end is killed and comes back, the device has to be opened anew.
#pragma once
#include <string>

namespace sluice::port::unix_socket {

// The path of the socket at which this device would listen; empty if it does not.
std::string listens_at(const std::string& arguments);

// Removes the socket that this device will make, if nobody listens at it any more.
void remove_left_over(const std::string& arguments);

// The device connects, and does not do so again by itself.
bool connects_once(const std::string& arguments);

}  // namespace sluice::port::unix_socket
