// SPDX-License-Identifier: BSD-3-Clause
#include "control/nat_log/ipfix_outlet.h"

#include <cerrno>
#include <cstring>
#include <ctime>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/nat_log/ipfix.h"

namespace sluice::nat_log {
namespace {

// Places in Progress::notes: the sequence number before the batch and, once it is counted, behind
// it; our port, since a collector knows a session by its ports.
enum IpfixNote { before_batch, behind_batch, own_port };

uint64_t seconds_since_1970() { return static_cast<uint64_t>(::time(nullptr)); }

sockaddr_in socket_address(uint32_t address, uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    result.sin_addr.s_addr = htonl(address);
    return result;
}

template <typename Call>
bool call(Call* what, int socket, sockaddr_in address) {
    return what(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

uint16_t port_of(int socket) {
    sockaddr_in own{};
    socklen_t length = sizeof own;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length);
    return ntohs(own.sin_port);
}

}  // namespace

IpfixOutlet::IpfixOutlet(const config::NatLog& wishes, Words words)
    : wishes_(wishes), words_(std::move(words)) {}

IpfixOutlet::~IpfixOutlet() {
    if (socket_ >= 0) ::close(socket_);
}

bool IpfixOutlet::open() {
    if (socket_ >= 0) return true;
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ >= 0) {
        // The port of the last control, unless somebody has it.
        if (port_ != 0) (void)call(::bind, socket_, socket_address(INADDR_ANY, port_));
        const config::Collector& to = *wishes_.collector;
        if (call(::connect, socket_, socket_address(to.address.value, to.port))) {
            port_ = port_of(socket_);
            return true;
        }
        ::close(std::exchange(socket_, -1));
    }
    trouble_ =
        fmt::format("{}:{} cannot be reached: {}", net::to_string(wishes_.collector->address),
                    wishes_.collector->port, std::strerror(errno));
    return false;
}

// An error may be about an earlier message, which the collector's machine has refused: so twice.
// What it refuses now is lost on the way, as UDP's messages may be.
bool IpfixOutlet::send(const std::string& message) {
    if (!open()) return false;
    for (unsigned tries = 0; tries < 2; ++tries) {
        if (::send(socket_, message.data(), message.size(), 0) >= 0) {
            if (tries == 0) trouble_.clear();
            return true;
        }
        trouble_ = fmt::format("{}:{} does not take messages: {}",
                               net::to_string(wishes_.collector->address), wishes_.collector->port,
                               std::strerror(errno));
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return false;
    }
    return errno == ECONNREFUSED;
}

void IpfixOutlet::tick() {
    const uint64_t now = seconds_since_1970();
    if (now < templates_due_s_) return;
    std::string message;
    begin_message(message, {static_cast<uint32_t>(now), sequence_, wishes_.domain});
    append_templates(message);
    if (send(message)) templates_due_s_ = now + wishes_.template_s;
}

size_t IpfixOutlet::take(const Batch& batch) {
    const uint32_t sequence = sequence_ + static_cast<uint32_t>(batch.lost);
    begin_message(message_,
                  {static_cast<uint32_t>(seconds_since_1970()), sequence, wishes_.domain});
    size_t count = 0;
    for (const layout::NatLogRecord& record : batch.records) {
        const uint64_t time = words_.milliseconds_since_1970(record.time_ns);
        if (!append_record(message_, record, time, words_.destinations, wishes_.message_bytes))
            break;
        ++count;
    }
    next_sequence_ = sequence + static_cast<uint32_t>(count);
    return count;
}

void IpfixOutlet::note(Progress& progress) const {
    progress.notes[before_batch].store(sequence_);
    progress.notes[own_port].store(port_);
}

bool IpfixOutlet::hand_on() {
    tick();
    return send(message_);
}

void IpfixOutlet::counted(Progress& progress) {
    sequence_ = next_sequence_;
    progress.notes[behind_batch].store(sequence_);
}

void IpfixOutlet::resume(const Progress& progress, bool again) {
    sequence_ = static_cast<uint32_t>(progress.notes[again ? before_batch : behind_batch].load());
    port_ = static_cast<uint16_t>(progress.notes[own_port].load());
}

}  // namespace sluice::nat_log
