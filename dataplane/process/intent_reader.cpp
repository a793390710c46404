// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/intent_reader.h"

#include <utility>

#include "lib/layout/publish.h"
#include "lib/layout/regions.h"
#include "lib/log.h"

namespace sluice {
namespace {

constexpr uint64_t retry_ns = 50'000'000;

}  // namespace

const layout::Snapshot* IntentReader::look(uint64_t now_ns) {
    if (!region_ || region_->retired()) map(now_ns);
    if (!region_) return nullptr;
    const auto& intent = region_->as<const layout::Intent>();
    const uint64_t published = intent.published.load(std::memory_order_acquire);
    if (published == taken_ || !layout::copy_published(intent, *snapshot_)) return nullptr;
    taken_ = published;
    return snapshot_.get();
}

std::optional<layout::TraceRequest> IntentReader::look_for_trace() {
    if (!region_) return std::nullopt;
    const auto& intent = region_->as<const layout::Intent>();
    const uint32_t sequence = intent.trace_sequence.value();
    if (sequence == trace_seen_) return std::nullopt;
    layout::TraceRequest request;
    if (!intent.trace_sequence.read(request, intent.trace)) return std::nullopt;
    const bool old = !std::exchange(trace_seen_, sequence).has_value();
    if (old) return std::nullopt;
    return request;
}

layout::NatClearRequest IntentReader::nat_clear() const noexcept {
    layout::NatClearRequest request{};
    if (!region_) return request;
    const auto& intent = region_->as<const layout::Intent>();
    return intent.nat_clear_sequence.read(request, intent.nat_clear) ? request
                                                                     : layout::NatClearRequest{};
}

std::shared_ptr<const fib::Table> IntentReader::routes() const {
    return {region_, &region_->as<const layout::Intent>().fib};
}

void IntentReader::map(uint64_t now_ns) {
    if (now_ns < next_try_ns_) return;
    next_try_ns_ = now_ns + retry_ns;
    try {
        region_ =
            std::make_shared<shm::Region>(shm::Region::view(run_directory_, layout::intent_layout));
        taken_ = 0;
        trace_seen_.reset();
        said_.clear();
        spdlog::info("event=intent_mapped huge_pages={}", region_->on_huge_pages());
    } catch (const shm::Absent&) {
        say_once("sluice-control has not run yet");
    } catch (const std::exception& why) {
        say_once(why.what());
    }
}

void IntentReader::say_once(std::string why) {
    if (why == said_) return;
    spdlog::warn("event=waiting_for_intent reason=\"{}\"", why);
    said_ = std::move(why);
}

}  // namespace sluice
