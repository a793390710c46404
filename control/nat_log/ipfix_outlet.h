// SPDX-License-Identifier: BSD-3-Clause
// The log as IPFIX messages over UDP (RFC 7011 10.3). What is lost on the way, and what was lost
// here before it was read, shows to the collector as a gap in the sequence numbers; a message that
// is sent once more, since nobody knows whether it was, has the number that it had.
#pragma once
#include "control/config/model.h"
#include "control/nat_log/outlet.h"

namespace sluice::nat_log {

class IpfixOutlet : public Outlet {
  public:
    IpfixOutlet(const config::NatLog& wishes, Words words);
    IpfixOutlet(const IpfixOutlet&) = delete;
    IpfixOutlet& operator=(const IpfixOutlet&) = delete;
    ~IpfixOutlet() override;

    // Templates, when it is time.
    void tick();

    size_t take(const Batch& batch) override;
    void note(Progress& progress) const override;
    bool hand_on() override;
    void counted(Progress& progress) override;
    void resume(const Progress& progress, bool again) override;

  private:
    bool open();
    bool send(const std::string& message);

    config::NatLog wishes_;
    Words words_;
    int socket_ = -1;
    uint16_t port_ = 0;  // our own
    uint32_t sequence_ = 0;
    uint32_t next_sequence_ = 0;  // after the message at hand
    std::string message_;
    uint64_t templates_due_s_ = 0;
};

}  // namespace sluice::nat_log
