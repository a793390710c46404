// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/sender.h"

#include <algorithm>

#include <rte_ethdev.h>

namespace sluice::generator {

Sender::Sender(const SenderWish& wish, const Macs& macs, Flows& flows, Translations* translations)
    : wish_(wish),
      macs_(macs),
      flows_(flows),
      translations_(translations),
      walk_(flows, translations) {
    for (const uint32_t size : wish.sizes) {
        builders_.push_back({FrameBuilder(size, macs), FrameBuilder(size, macs, wish.tunnels)});
    }
}

void Sender::attach(uint16_t port, rte_mempool* pool) noexcept {
    port_ = port;
    pool_ = pool;
}

void Sender::begin(uint8_t run, Walk::Over over) noexcept {
    drop_what_is_left();
    run_ = run;
    walk_.go(over);
    counts_ = {};
}

unsigned Sender::send(uint64_t due, uint64_t now_tsc) noexcept {
    if (first_ == end_) build(static_cast<unsigned>(std::min<uint64_t>(due, burst)), now_tsc);
    const auto count = static_cast<uint16_t>(end_ - first_);
    if (count == 0) return 0;
    const uint16_t taken = rte_eth_tx_burst(port_, 0, &ready_[first_], count);
    ++counts_.bursts;
    counts_.held_up += taken < count;
    counts_.packets += taken;
    for (const unsigned taken_up_to = first_ + taken; first_ < taken_up_to; ++first_) {
        counts_.bytes += lengths_[first_] + frame_check_length;
    }
    return taken;
}

void Sender::drop_what_is_left() noexcept {
    for (; first_ < end_; ++first_) rte_pktmbuf_free(ready_[first_]);
}

void Sender::build(unsigned count, uint64_t now_tsc) noexcept {
    first_ = end_ = 0;
    if (count == 0 || rte_pktmbuf_alloc_bulk(pool_, ready_.data(), count) != 0) return;
    end_ = wish_.replay != nullptr ? fill_from_capture(count) : fill(count, now_tsc);
    if (end_ < count) rte_pktmbuf_free_bulk(&ready_[end_], count - end_);
}

unsigned Sender::fill_from_capture(unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) {
        auto* frame = rte_pktmbuf_mtod(ready_[i], uint8_t*);
        const uint32_t length = wish_.replay->write(frame, next_captured_, macs_);
        if (++next_captured_ == wish_.replay->count()) next_captured_ = 0;
        set_length(i, length);
    }
    return count;
}

unsigned Sender::fill(unsigned count, uint64_t now_tsc) noexcept {
    for (unsigned i = 0; i < count; ++i) {
        const auto step = walk_.next();
        if (!step) return i;
        flows_.fetch_ahead(step->flow);
        renew_now_and_then(step->flow);
        const bool by_tunnel = goes_by_tunnel(step->flow);
        const FrameBuilder& builder = builders_[next_builder_][by_tunnel];
        if (++next_builder_ == builders_.size()) next_builder_ = 0;
        const uint8_t kind = Signature::kind_of(wish_.direction, flows_.generation(step->flow));
        builder.write(rte_pktmbuf_mtod(ready_[i], uint8_t*), endpoints(step->flow),
                      {run_, kind, step->flow, step->round, now_tsc},
                      by_tunnel ? wish_.tunnels->of(flows_[step->flow].destination) : 0);
        set_length(i, builder.length());
    }
    return count;
}

void Sender::set_length(unsigned place, uint32_t length) noexcept {
    ready_[place]->data_len = static_cast<uint16_t>(length);
    ready_[place]->pkt_len = length;
    lengths_[place] = length;
}

bool Sender::goes_by_tunnel(FlowNumber flow) const noexcept {
    return wish_.tunnels != nullptr && flows_.treatment(flow) == Treatment::tunnelled;
}

Endpoints Sender::endpoints(FlowNumber flow) noexcept {
    if (wish_.direction == Direction::right) return flows_[flow];
    Endpoints reply = flows_[flow].turned();
    if (flows_.treatment(flow) != Treatment::translated) return reply;
    reply.destination = (*translations_)[flow].address;
    reply.destination_port = (*translations_)[flow].port;
    return reply;
}

// Those that are the first of a flow are sent by the left, where a NAT's inside is.
void Sender::renew_now_and_then(FlowNumber flow) noexcept {
    if (wish_.new_flows == 0 || walk_.over() == Walk::Over::unopened) return;
    renewals_due_ += wish_.new_flows;
    if (renewals_due_ < 1) return;
    renewals_due_ -= 1;
    flows_.renew(flow);
    if (translations_ != nullptr) translations_->forget(flow);
}

}  // namespace sluice::generator
