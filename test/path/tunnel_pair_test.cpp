// SPDX-License-Identifier: BSD-3-Clause
// Two routers back to back, joined by a tunnel of random form: whatever goes into the one comes out
// of the other as it was, but for what the tunnel says that it changes.
//
//   host 10.1.0.9 ─ lan [west] link ══ tunnel ══ link [east] lan ─ host 10.2.0.9
#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "dataplane/tunnel/ecn.h"
#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {
namespace {

const net::MacAddress host_mac = mac("02:00:00:00:00:99");

struct Random {
    std::mt19937 generator;
    unsigned below(unsigned n) { return static_cast<unsigned>(generator() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }
    std::string one_of(std::initializer_list<const char*> words) {
        return *(words.begin() + below(static_cast<unsigned>(words.size())));
    }
};

// What both ends must agree on, and what each has for itself.
std::string random_form(Random& random) {
    std::string form = random.one_in(3) ? R"("type": "ipip")" : R"("type": "gre")";
    if (form == R"("type": "ipip")") return form;
    if (random.one_in(2)) form += fmt::format(R"(, "key": {})", random.generator());
    if (random.one_in(2)) form += fmt::format(R"(, "udp_port": {})", 1 + random.below(65535));
    if (random.one_in(3)) form += R"(, "sequence": true)";
    return form;
}
std::string random_end(Random& random, const std::string& form) {
    std::string end = form;
    if (form.find("gre") != form.npos && random.one_in(2)) end += R"(, "checksum": true)";
    end += R"(, "ttl": )" + random.one_of({"1", "64", "255", R"("inherit")"});
    end += R"(, "dscp": )" + random.one_of({"0", "46", "63", R"("inherit")"});
    end += R"(, "dont_fragment": ")" + random.one_of({"copy", "set", "clear"}) + '"';
    end += R"(, "clamp_mss": )" + random.one_of({"true", "false"});
    if (random.one_in(3)) end += fmt::format(R"(, "mtu": {})", 576 + random.below(1000));
    if (random.one_in(4)) end += R"(, "reverse_path": "strict")";
    if (random.one_in(4)) end += R"(, "any_remote": true)";
    return end;
}

std::string router_config(unsigned own, const std::string& end) {
    const unsigned other = 3 - own;
    return fmt::format(R"({{ "interfaces": {{
          "lan": {{ "device": "net_null0", "addresses": ["10.{0}.0.1/24"] }},
          "link": {{ "device": "net_null1", "addresses": ["192.0.2.{0}/24"] }} }},
        "tunnels": {{ "over": {{ "local": "192.0.2.{0}", "remote": "192.0.2.{1}", {2} }} }},
        "routes": [ {{ "prefix": "10.{1}.0.0/16", "interface": "over" }} ],
        "icmp": {{ "errors_per_second": 100000, "errors_per_source_per_second": 100000 }} }})",
                       own, other, end);
}

// A router at one end, and what its configuration says of it.
struct PairEnd {
    PairEnd(unsigned own, const std::string& settings)
        : router(router_config(own, settings)),
          clamps(settings.find(R"("clamp_mss": true)") != settings.npos),
          lan(fmt::format("10.{}.0.9", own)) {
        router.knows("lan", lan, host_mac);
        router.knows("link", fmt::format("192.0.2.{}", 3 - own), host_mac);
    }
    uint32_t mtu() const { return router.plan().interfaces[router.id_of("over")].mtu; }

    TestRouter router;
    bool clamps;
    std::string lan;
};

constexpr uint8_t syn_flag = 0x02;
constexpr uint16_t offered_mss = 8960;
constexpr size_t mss_at = 14 + 20 + 20 + 2;

struct Wanted {
    Bytes frame;  // as the host sends it
    bool is_syn = false;
};

Wanted random_packet(Random& random, const PairEnd& from, const PairEnd& to) {
    Ipv4Builder b =
        ipv4().from(from.lan).to(to.lan).ttl(static_cast<uint8_t>(20 + random.below(200)));
    b.tos(static_cast<uint8_t>(random.generator())).id(static_cast<uint16_t>(random.generator()));
    if (random.one_in(2)) b.dont_fragment();
    b.payload(random.one_in(3) ? random.below(3000) : random.below(200));
    switch (random.below(5)) {
        case 0:
            return {b.tcp(1000, 80, syn_flag)
                        .numbers(7, 0, {2, 4, offered_mss >> 8, offered_mss & 0xff}),
                    true};
        case 1: return {b.tcp(static_cast<uint16_t>(random.generator()), 80)};
        case 2: return {b.udp(static_cast<uint16_t>(random.generator()), 4754)};
        case 3: return {b.protocol(static_cast<uint8_t>(60 + random.below(60)))};
        default: return {b.echo_request()};
    }
}

const net::Ipv4Header& header_of(const Bytes& frame) {
    return *reinterpret_cast<const net::Ipv4Header*>(frame.data() + 14);
}
net::Ipv4Header& header_of(Bytes& frame) {
    return *reinterpret_cast<net::Ipv4Header*>(frame.data() + 14);
}

// What routers between the two may do to an outer packet: mark congestion, and cut it in two.
std::vector<Bytes> travels(Random& random, Bytes frame, std::optional<tunnel::Ecn> mark) {
    net::Ipv4Header& ip = header_of(frame);
    if (mark)
        ip.tos = static_cast<uint8_t>((ip.tos & ~tunnel::ecn_mask) | static_cast<uint8_t>(*mark));
    net::fill_checksum(ip);
    // All headers are in the first piece, as on any link (RFC 791 3.1: 68 bytes at least; RFC
    // 1858).
    if (ip.dont_fragment() || frame.size() < 250 || !random.one_in(3)) return {frame};
    const size_t middle = 14 + 20 + 8 * (16 + random.below(8));
    Bytes first(frame.begin(), frame.begin() + static_cast<long>(middle));
    Bytes second = first;
    second.resize(34);
    second.insert(second.end(), frame.begin() + static_cast<long>(middle), frame.end());
    const auto shape = [](Bytes& piece, size_t offset, bool more) {
        net::Ipv4Header& header = header_of(piece);
        header.total_length = net::be16(static_cast<uint16_t>(piece.size() - 14));
        header.flags_and_offset =
            net::be16(static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0)));
        net::fill_checksum(header);
    };
    shape(first, 0, true);
    shape(second, middle - 34, false);
    if (random.one_in(2)) std::swap(first, second);
    return {first, second};
}

// The packet as its pieces say, put together; pieces must fit without gap.
Bytes joined(std::vector<Sent> pieces) {
    std::sort(pieces.begin(), pieces.end(), [](const Sent& a, const Sent& b) {
        return a.frame.ipv4().fragment_offset() < b.frame.ipv4().fragment_offset();
    });
    Bytes whole = pieces.front().frame.bytes();
    for (size_t n = 1; n < pieces.size(); ++n) {
        EXPECT_EQ(pieces[n].frame.ipv4().fragment_offset(), whole.size() - 34);
        const Bytes more = pieces[n].frame.ip_payload();
        whole.insert(whole.end(), more.begin(), more.end());
    }
    header_of(whole).total_length = net::be16(static_cast<uint16_t>(whole.size() - 14));
    net::Ipv4Header& ip = header_of(whole);
    ip.flags_and_offset = net::be16(ip.dont_fragment() ? net::ipv4_dont_fragment : uint16_t{0});
    net::fill_checksum(ip);
    return whole;
}

// What the host at the other end should see, from the IP header on.
Bytes expected_of(const Wanted& sent, const PairEnd& from, const PairEnd& to, tunnel::Ecn mark) {
    Bytes frame = sent.frame;
    net::Ipv4Header& ip = header_of(frame);
    ip.ttl = static_cast<uint8_t>(ip.ttl - 2);
    ip.tos = static_cast<uint8_t>((ip.tos & ~tunnel::ecn_mask) | static_cast<uint8_t>(mark));
    net::fill_checksum(ip);
    if (!sent.is_syn) return Bytes(frame.begin() + 14, frame.end());
    uint32_t mss = offered_mss;
    if (from.clamps) mss = std::min(mss, from.mtu() - 40);
    if (to.clamps) mss = std::min(mss, to.mtu() - 40);
    auto& checksum = *reinterpret_cast<net::Be16*>(frame.data() + 34 + 16);
    checksum = net::checksum_adjust(checksum, net::be16(offered_mss),
                                    net::be16(static_cast<uint16_t>(mss)));
    frame[mss_at] = static_cast<uint8_t>(mss >> 8);
    frame[mss_at + 1] = static_cast<uint8_t>(mss);
    return Bytes(frame.begin() + 14, frame.end());
}

class TunnelPair : public BothWays {
  protected:
    void crosses(Random& random, const Wanted& sent, PairEnd& from, PairEnd& to) {
        const bool fits = sent.frame.size() - 14 <= from.mtu();
        const auto left = from.router.receives("lan", sent.frame);
        if (!fits && header_of(sent.frame).dont_fragment()) {
            ASSERT_TRUE(only(left).frame.is_icmp(3, 4));
            EXPECT_EQ(only(left).frame.icmp().word2.host(), from.mtu());
            return;
        }
        const auto inner = static_cast<tunnel::Ecn>(header_of(sent.frame).tos & tunnel::ecn_mask);
        std::optional<tunnel::Ecn> mark;
        if (random.one_in(3)) mark = static_cast<tunnel::Ecn>(random.below(4));
        const auto merged = tunnel::decapsulated(inner, mark.value_or(inner));
        std::vector<Sent> arrived;
        for (const Sent& outer : left) {
            ASSERT_EQ(outer.interface, "link") << outer.frame.describe();
            ASSERT_LE(outer.frame.size(), 1514u);
            for (const Bytes& piece : travels(random, outer.frame.bytes(), mark)) {
                for (Sent& s : to.router.receives("link", with_mac_of(to, piece))) {
                    arrived.push_back(std::move(s));
                }
            }
        }
        if (!merged) {
            EXPECT_TRUE(arrived.empty());
            return;
        }
        ASSERT_FALSE(arrived.empty()) << drops_of(from) << " | " << drops_of(to);
        EXPECT_EQ(arrived.size() > 1, !fits);
        const Bytes whole = joined(arrived);
        EXPECT_EQ(Bytes(whole.begin() + 14, whole.end()), expected_of(sent, from, to, *merged));
    }

  private:
    static Bytes with_mac_of(const PairEnd& to, Bytes frame) {
        std::memcpy(frame.data(), to.router.mac_of("link").bytes.data(), 6);
        return frame;
    }
    static std::string drops_of(const PairEnd& end) {
        std::string all;
        for (unsigned r = 0; r < layout::drop_reason_count; ++r) {
            if (end.router.drops(static_cast<DropReason>(r)) > 0) {
                all += std::string(layout::drop_reason_texts[r].name) + " ";
            }
        }
        return all;
    }
};
TEST_BOTH_WAYS(TunnelPair);

TEST_P(TunnelPair, GivesBackWhatWentInWhateverItsForm) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        Random random{std::mt19937(seed)};
        const std::string form = random_form(random);
        const std::string settings[] = {random_end(random, form), random_end(random, form)};
        SCOPED_TRACE(fmt::format("seed {}: {} | {}", seed, settings[0], settings[1]));
        PairEnd west(1, settings[0]), east(2, settings[1]);
        use_way(west.router);
        use_way(east.router);
        for (unsigned n = 0; n < 60 && !HasFailure(); ++n) {
            if (random.one_in(2)) {
                crosses(random, random_packet(random, west, east), west, east);
            } else {
                crosses(random, random_packet(random, east, west), east, west);
            }
        }
        EXPECT_EQ(west.router.pool().outstanding() + east.router.pool().outstanding(), 0u);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace sluice::test
