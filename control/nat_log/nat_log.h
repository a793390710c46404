// SPDX-License-Identifier: BSD-3-Clause
// The NAT's log in control: reads what the workers put into their rings and hands it on to where
// the configuration says. Costs one look at a file where nothing is configured.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "control/config/model.h"
#include "control/nat_log/file_outlet.h"
#include "control/nat_log/handing.h"
#include "control/nat_log/ipfix_outlet.h"
#include "control/state/nat_log_view.h"
#include "lib/layout/nat.h"
#include "lib/shm/region.h"

namespace sluice::nat_log {

class NatLog {
  public:
    explicit NatLog(std::filesystem::path run_directory);

    // Hands on what has come. True if there is more already.
    bool tick(const config::NatLog& wishes, const layout::Nat& rules);
    // The file, after the operator has renamed it.
    void reopen();

    // Of an outlet that is configured.
    struct Status {
        std::string to;
        uint64_t handed_on, lost, waiting;
        std::string trouble;
    };
    std::optional<Status> file() const;
    std::optional<Status> ipfix() const;

  private:
    template <typename Kind>
    struct Line {
        Kind outlet;
        Handing handing;
        template <typename... Args>
        explicit Line(Progress& progress, Args&&... args)
            : outlet(std::forward<Args>(args)...), handing(progress, outlet) {}
    };
    void follow(const config::NatLog& wishes);
    bool open_progress();
    void learn_names(const layout::Nat& rules);
    Words words(bool destinations) const;
    Status status_of(const std::string& to, const Outlet& outlet, const Handing& handing,
                     const Progress& progress) const;

    std::filesystem::path run_directory_;
    state::NatLogView view_;
    shm::Region progress_;
    std::string trouble_;
    std::optional<config::NatLog> wishes_;
    std::unique_ptr<Line<FileOutlet>> file_;
    std::unique_ptr<Line<IpfixOutlet>> ipfix_;
    std::map<uint16_t, std::string> names_;  // of rules, those that are gone too
};

}  // namespace sluice::nat_log
