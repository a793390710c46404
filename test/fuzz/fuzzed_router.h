// SPDX-License-Identifier: BSD-3-Clause
// A router to be fuzzed: what the targets do that give frames to a whole pipeline. It is made once
// and begins anew for each input, since that is what most inputs would spend their time with.
#pragma once
#include <cstring>
#include <string_view>
#include <vector>

#include "lib/net/checksum.h"
#include "test/fuzz/fixed_random.h"
#include "test/fuzz/input.h"
#include "test/support/frame6.h"
#include "test/support/test_router.h"

namespace sluice::test {

class FuzzedRouter {
  protected:
    explicit FuzzedRouter(std::string_view config) : router_(config, 256) {}

    void start_anew() {
        router_.start_anew();
        router_.forget_groups();
        spare_buffers_ = any_number;
    }

    // A frame comes in, in a buffer that ends where it does, or in several. So the sanitizer sees
    // every step beyond the end.
    std::vector<Sent> receives(Input& input, const char* interface, Bytes frame) {
        const uint8_t pieces = input.byte();
        const size_t piece = pieces < 128 ? HeapPool::room : 1u + pieces % 128;
        rte_mbuf* packet =
            router_.packet_of(router_.addressed(interface, std::move(frame)), piece).buffer();
        if (pieces % 2 == 0) move_to_the_end(packet);
        HeapPool& pool = router_.pool();
        if (spare_buffers_ != any_number) pool.limit_to(pool.outstanding() + spare_buffers_);
        auto sent = in_order(router_.receives(interface, std::vector{packet}));
        pool.limit_to(HeapPool::no_limit);
        return sent;
    }

    std::vector<Sent> passes(unsigned ms) {
        router_.context().now_ns += ms * 1'000'000ull;
        auto sent = in_order(router_.does([](Context& c) { tick(c); }));
        if (ms > 0) router_.sweep();
        return sent;
    }

    // Nobody answers any more: what waits is given up, and so are the errors about it.
    void give_up_waiting() {
        for (unsigned i = 0; i < 32 && router_.pool().outstanding() > 0; ++i)
            passes(i == 0 ? 31'000 : 2000);
        promise(router_.pool().outstanding() == 0, "no buffer is lost");
    }

    std::vector<Sent> in_order(std::vector<Sent> sent) const {
        for (const Sent& s : sent) promise_in_order(s);
        return sent;
    }

    static constexpr size_t any_number = ~size_t{0};
    TestRouter router_;
    size_t spare_buffers_ = any_number;  // that the pool has left for each packet

  private:
    static void move_to_the_end(rte_mbuf* packet) {
        for (rte_mbuf* m = packet; m != nullptr; m = m->next) {
            const auto offset = static_cast<uint16_t>(m->buf_len - m->data_len);
            auto* buffer = static_cast<uint8_t*>(m->buf_addr);
            std::memmove(buffer + offset, buffer + m->data_off, m->data_len);
            m->data_off = offset;
        }
    }

    void promise_in_order(const Sent& s) const {
        const PlanInterface& out = router_.plan().interfaces[router_.id_of(s.interface)];
        if (out.is_bridged()) return promise_whole(s.frame, out.mtu);
        promise(s.frame.ethernet().source == out.mac, "frames come from the interface's MAC");
        if (s.frame.is_arp()) {
            promise(s.frame.size() == net::min_frame, "ARP frames have the least length");
        } else if (is_ipv6(s.frame)) {
            promise_ipv6(s.frame, out.mtu);
        } else {
            promise(s.frame.is_ipv4(), "only ARP, IPv4 and IPv6 are sent");
            promise_ipv4(s.frame, out.mtu);
        }
    }

    // Somebody else's frame, of which only the length is ours to judge.
    static void promise_whole(const Frame& frame, uint32_t mtu) {
        constexpr size_t header = 14, most_tags = 8;
        promise(frame.size() >= header, "frames of a bridge have an Ethernet header");
        promise(frame.size() <= header + most_tags + mtu, "frames of a bridge fit the MTU");
    }

    static void promise_ipv4(const Frame& frame, uint32_t mtu) {
        const net::Ipv4Header& ip = frame.ipv4();
        promise(ip.version() == 4 && ip.header_length() >= 20 &&
                    14 + ip.header_length() <= frame.size(),
                "headers are whole");
        promise(net::checksum_holds(&ip, ip.header_length()), "checksums are true");
        promise(frame.size() == 14u + ip.total_length.host(), "lengths are true");
        promise(ip.total_length.host() <= mtu, "packets fit the MTU");
        promise(ip.ttl > 0, "nothing leaves that has run out of time");
    }

    static void promise_ipv6(const Frame& frame, uint32_t mtu) {
        const net::Ipv6Header& ip = ipv6_of(frame);
        promise(ip.version() == 6 && ip.hop_limit > 0, "headers are in order");
        promise(frame.size() == 14u + ip.total_length(), "lengths are true");
        promise(ip.total_length() <= mtu, "packets fit the MTU");
    }
};

}  // namespace sluice::test
