// SPDX-License-Identifier: BSD-3-Clause
#include "control/nat_log/nat_log.h"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

namespace sluice::nat_log {
namespace {

uint64_t now_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t milliseconds_since_1970(uint64_t monotonic_ns) {
    return (monotonic_ns + (now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC))) / 1'000'000;
}

}  // namespace

NatLog::NatLog(std::filesystem::path run_directory)
    : run_directory_(run_directory), view_(std::move(run_directory)) {}

Words NatLog::words(bool destinations) const {
    const auto rule_name = [this](uint16_t id) {
        const auto name = names_.find(id);
        return name == names_.end() ? std::string() : name->second;
    };
    return {rule_name, milliseconds_since_1970, destinations};
}

bool NatLog::open_progress() {
    if (progress_) return true;
    try {
        progress_ = shm::Region::own(run_directory_, progress_layout, shm::WhenForeign::rebuild);
        trouble_.clear();
    } catch (const shm::Error& error) {
        trouble_ = error.what();
    }
    return static_cast<bool>(progress_);
}

void NatLog::follow(const config::NatLog& wishes) {
    if (wishes_ == wishes) return;
    auto& progress = progress_.as<ProgressRegion>();
    file_.reset();
    ipfix_.reset();
    if (!wishes.file.empty()) {
        file_ = std::make_unique<Line<FileOutlet>>(progress.file, wishes.file,
                                                   words(wishes.destinations));
    }
    if (wishes.collector) {
        ipfix_ =
            std::make_unique<Line<IpfixOutlet>>(progress.ipfix, wishes, words(wishes.destinations));
    }
    wishes_ = wishes;
}

void NatLog::learn_names(const layout::Nat& nat) {
    for (uint32_t n = 0; n < std::min(nat.settings.rule_count, layout::max_nat_rules); ++n) {
        const layout::NatRule& rule = nat.rules[n];
        names_[rule.id] = std::string(rule.name, strnlen(rule.name, sizeof rule.name));
    }
}

bool NatLog::tick(const config::NatLog& wishes, const layout::Nat& rules) {
    if (!wishes.is_kept() && !progress_) return false;
    if (!open_progress()) return false;
    view_.refresh();
    learn_names(rules);
    follow(wishes);
    // Ends of what was told wait in the rings for a log that is switched on again.
    if (!wishes.is_kept()) return false;
    auto& progress = progress_.as<ProgressRegion>();
    bool more = false;
    if (file_) {
        more |= file_->handing.hand_on(view_.rings()) && file_->handing.waiting(view_.rings()) > 0;
    } else {
        pass_over(progress.file, view_.rings());
    }
    if (ipfix_) {
        ipfix_->outlet.tick();
        more |=
            ipfix_->handing.hand_on(view_.rings()) && ipfix_->handing.waiting(view_.rings()) > 0;
    } else {
        pass_over(progress.ipfix, view_.rings());
    }
    return more;
}

void NatLog::reopen() {
    if (file_) file_->outlet.reopen();
}

NatLog::Status NatLog::status_of(const std::string& to, const Outlet& outlet,
                                 const Handing& handing, const Progress& progress) const {
    const std::string& trouble = !trouble_.empty() ? trouble_ : view_.trouble();
    return {to, progress.handed_on.load(), progress.lost.load(), handing.waiting(view_.rings()),
            trouble.empty() ? outlet.trouble() : trouble};
}

std::optional<NatLog::Status> NatLog::file() const {
    if (!file_) return std::nullopt;
    return status_of(file_->outlet.path(), file_->outlet, file_->handing,
                     progress_.as<ProgressRegion>().file);
}

std::optional<NatLog::Status> NatLog::ipfix() const {
    if (!ipfix_) return std::nullopt;
    const config::Collector& to = *wishes_->collector;
    return status_of(fmt::format("{}:{}", net::to_string(to.address), to.port), ipfix_->outlet,
                     ipfix_->handing, progress_.as<ProgressRegion>().ipfix);
}

}  // namespace sluice::nat_log
