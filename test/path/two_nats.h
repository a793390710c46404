// SPDX-License-Identifier: BSD-3-Clause
// Two routers of the same rules, one with the fast way and one without, that get the same packets.
// What leaves them is the same, in the same order within each flow, and so is all that they count.
//
// The fast way sees to what it takes of a burst before the plain way gets the others, but lets none
// overtake another of its flow. Flows that begin on both ways so draw their ports in that order;
// the router without gets the packets in it.
#pragma once
#include <map>

#include "lib/nat/random.h"
#include "test/path/nat_random.h"
#include "test/support/nat_check.h"

namespace sluice::test {

// What leaves, by flow.
class Seen {
  public:
    explicit Seen(const std::vector<Sent>& all) {
        for (const Sent& s : all) by_flow_[flow_of(s)].push_back(comparable(s));
    }
    bool operator==(const Seen&) const = default;
    // The flows that another has not, or not so.
    std::string beyond(const Seen& other) const {
        std::string text;
        for (const auto& [flow, packets] : by_flow_) {
            const auto theirs = other.by_flow_.find(flow);
            if (theirs != other.by_flow_.end() && theirs->second == packets) continue;
            text += flow + ":";
            for (const Bytes& packet : packets) text += "\n  " + Frame(packet).describe();
            text += "\n";
        }
        return text;
    }

  private:
    static std::string flow_of(const Sent& s) {
        const Frame& f = s.frame;
        const bool has_ends = f.is_ipv4() && f.ipv4().protocol != icmp && !f.ipv4().is_fragment();
        return s.interface + (has_ends ? " " + ends_of(s).text() : " without");
    }
    // The numbers that the router gives to its own packets differ, and with them its checksums.
    static Bytes comparable(const Sent& s) {
        Bytes bytes = s.frame.bytes();
        if (s.frame.is_ipv4() && s.frame.ipv4().protocol == icmp && s.frame.ipv4().ttl == 64)
            bytes[18] = bytes[19] = bytes[24] = bytes[25] = 0;
        return bytes;
    }
    std::map<std::string, std::vector<Bytes>> by_flow_;
};

class TwoNats {
  public:
    explicit TwoNats(const std::string& rules)
        : wishes_{.rest = R"(, "nat": [)" + rules + R"(], "sessions": {"max": 1024},
                  "icmp": { "errors_per_second": 100000, "errors_per_source_per_second": 100000 })" +
                          neighbours()} {
        plain_.router.use_plain_way_only();
        choose_ports_alike();
    }
    std::vector<Sent> receive(const std::string& interface, const std::vector<Bytes>& burst) {
        return receive_in_pieces(interface, burst, HeapPool::room);
    }
    // In chains of buffers of that many bytes each.
    std::vector<Sent> receive_in_pieces(const std::string& interface,
                                        const std::vector<Bytes>& burst, size_t piece) {
        std::vector<Sent> by_fast = receive(fast_.router, interface, burst, piece);
        const std::vector<bool> left = left_of(burst.size());
        EXPECT_EQ(overtaken(burst, left), "");
        const Seen fast(by_fast);
        const Seen plain(receive(plain_.router, interface, left_ones_last(burst, left), piece));
        EXPECT_TRUE(fast == plain) << "the fast way alone sent\n"
                                   << fast.beyond(plain) << "the plain way alone\n"
                                   << plain.beyond(fast);
        return by_fast;
    }
    void wait(std::chrono::seconds time) {
        let_pass(fast_, time);
        let_pass(plain_, time);
    }
    void restart() {
        fast_.router.restart_nat();
        plain_.router.restart_nat();
        choose_ports_alike();
    }
    void check() {
        for (unsigned i = 0; i < layout::drop_reason_count; ++i) {
            const auto reason = static_cast<DropReason>(i);
            ASSERT_EQ(fast_.router.drops(reason), plain_.router.drops(reason))
                << layout::text_of(reason).name;
        }
        for (unsigned i = 0; i < layout::tally_count; ++i) {
            const auto tally = static_cast<layout::Tally>(i);
            ASSERT_EQ(fast_.router.tally(tally), plain_.router.tally(tally)) << "tally " << i;
        }
        ASSERT_EQ(fast_tables_.contradiction(), "");
        ASSERT_EQ(plain_tables_.contradiction(), "");
    }
    TestRouter& router() { return fast_.router; }

  private:
    // The same in each run of a test, too.
    void choose_ports_alike() {
        ++starts_;
        fast_.router.nat()->mapper().random() = nat::Random(starts_);
        plain_.router.nat()->mapper().random() = nat::Random(starts_);
    }
    // Of the last burst, which of its packets the fast way has left.
    std::vector<bool> left_of(size_t burst) const {
        std::vector<bool> left(burst);
        for (const size_t place : fast_.router.left_to_plain_way()) left[place] = true;
        return left;
    }
    static std::vector<Bytes> left_ones_last(const std::vector<Bytes>& burst,
                                             const std::vector<bool>& left) {
        std::vector<Bytes> ordered;
        for (const bool last : {false, true}) {
            for (size_t i = 0; i < burst.size(); ++i) {
                if (left[i] == last) ordered.push_back(burst[i]);
            }
        }
        return ordered;
    }
    // The packets of TCP and UDP, if any, that were left though a later one of their flow was not.
    static std::string overtaken(const std::vector<Bytes>& burst, const std::vector<bool>& left) {
        std::string text;
        std::map<Ends, const Frame> waiting;
        for (size_t i = 0; i < burst.size(); ++i) {
            const Frame f(burst[i]);
            if (!has_ports(f) || f.ipv4().ttl == 1 || !f.checksums_hold()) continue;
            const Ends ends = ends_of({"", f});
            const auto before = waiting.find(ends);
            if (left[i]) {
                waiting.emplace(ends, f);
            } else if (before != waiting.end()) {
                text += before->second.describe() + "\n";
            }
        }
        return text;
    }
    static bool has_ports(const Frame& f) {
        if (f.size() < 42 || !f.is_ipv4() || f.size() < 14u + f.ipv4().total_length.host())
            return false;
        const bool is_one = f.ipv4().protocol == tcp || f.ipv4().protocol == udp;
        return is_one && !f.ipv4().is_fragment();
    }
    static std::vector<Sent> receive(TestRouter& router, const std::string& interface,
                                     const std::vector<Bytes>& burst, size_t piece) {
        std::vector<rte_mbuf*> packets;
        for (const Bytes& frame : burst) {
            packets.push_back(router.packet_of(router.addressed(interface, frame), piece).buffer());
        }
        return router.receives(interface, packets);
    }
    Wishes wishes_;
    uint64_t starts_ = 0;
    Network fast_{wishes_}, plain_{wishes_};
    NatCheck fast_tables_{fast_.router}, plain_tables_{plain_.router};
};

}  // namespace sluice::test
