// SPDX-License-Identifier: BSD-3-Clause
// Whatever comes in by whatever interface, in whatever buffers, while time passes and links come
// and go: the pipeline stays in bounds, loses no buffer, accounts for every packet, and sends only
// frames that are in order.
//
// The input is a list of things that happen: a frame as it stands, a frame that is crafted to get
// past the first checks, time, a link, a neighbour. The router has one interface for each mood.
#include <array>

#include "dataplane/arp/request.h"
#include "test/fuzz/fuzzed_router.h"

namespace {

using namespace sluice;
using namespace sluice::test;

constexpr auto config = R"({
  "interfaces": {
    "a": { "device": "net_null0", "addresses": ["10.1.0.1/24", "10.9.0.1/30"], "proxy_arp": true },
    "b": { "device": "net_null1", "addresses": ["10.2.0.1/24"], "mtu": 576, "redirects": false,
           "source_routing": true },
    "c": { "device": "net_null2", "addresses": ["10.3.0.1/24"], "mtu": 68,
           "reverse_path": "strict", "directed_broadcast": true },
    "d": { "device": "net_null3", "mtu": 9001, "reverse_path": "loose", "source_routing": true }
  },
  "routes": [
    { "prefix": "20.0.0.0/16", "via": "10.1.0.2" },
    { "prefix": "20.1.0.0/16", "via": ["10.1.0.2", "10.2.0.2", "10.3.0.2"] },
    { "prefix": "20.2.0.0/16", "type": "unreachable" },
    { "prefix": "20.3.0.0/16", "interface": "d" },
    { "prefix": "20.4.0.0/16", "via": "10.3.0.2" }
  ],
  "neighbours": [ { "interface": "c", "address": "10.3.0.9", "mac": "02:00:00:00:03:09" } ]
})";
constexpr std::array interfaces{"a", "b", "c", "d"};
constexpr std::array hosts{"10.1.0.1",  "10.1.0.2",  "10.1.0.3",   "10.2.0.1", "10.2.0.2",
                           "10.2.0.3",  "10.3.0.1",  "10.3.0.2",   "10.3.0.9", "10.3.0.255",
                           "10.9.0.1",  "10.9.0.3",  "20.0.0.1",   "20.1.0.1", "20.1.0.2",
                           "20.1.0.3",  "20.2.0.1",  "20.3.0.1",   "20.4.0.1", "30.0.0.1",
                           "224.0.0.1", "127.0.0.1", "10.1.0.255", "0.0.0.0",  "255.255.255.255"};

class Fuzzed : FuzzedRouter {
  public:
    Fuzzed() : FuzzedRouter(config) {}
    void run(Input input) {
        start_anew();
        while (!input.empty()) happen(input);
        give_up_waiting();
    }

  private:
    void happen(Input& input) {
        switch (input.byte() % 8) {
            case 0: receive(input, input.bytes(input.word() % 2048)); break;
            case 1: receive(input, raw_ipv4(input)); break;
            case 2:
            case 3:
            case 4: receive(input, crafted(input)); break;
            case 5: receive(input, crafted_arp(input)); break;
            case 6: passes(input.word()); break;
            case 7: disturb(input); break;
        }
    }

    static Bytes raw_ipv4(Input& input) {
        Bytes frame(14);
        frame[12] = 8;
        const Bytes packet = input.bytes(20 + input.byte() % 128);
        frame.insert(frame.end(), packet.begin(), packet.end());
        if (frame.size() < 34) return frame;
        auto& ip = *reinterpret_cast<net::Ipv4Header*>(frame.data() + 14);
        ip.version_and_length = static_cast<uint8_t>(0x40 | (ip.version_and_length & 15));
        if (14 + ip.header_length() <= frame.size() && ip.header_length() >= 20)
            net::fill_checksum(ip);
        return frame;
    }

    static Bytes crafted(Input& input) {
        const uint8_t how = input.byte();
        Ipv4Builder b;
        b.from(input.one_of(hosts))
            .to(input.one_of(hosts))
            .ttl(input.byte() % 8)
            .id(input.byte() % 4);
        size_t size = how & 1 ? input.word() % 3000 : input.byte() % 64;
        if ((how & 2) != 0) {
            const bool more = input.byte() % 2 != 0;
            if (more) size &= ~size_t{7};
            b.fragment(input.word() % 8192 * 8, more);
        }
        b.payload(size);
        if ((how & 4) != 0) b.options(input.bytes(input.byte() % 41));
        if ((how & 8) != 0) b.dont_fragment();
        switch (how >> 4 & 3) {
            case 0: b.echo_request(input.byte(), 1); break;
            case 1: b.udp(input.byte(), input.byte()); break;
            case 2: b.icmp(input.byte() % 20, 0); break;
            case 3: b.protocol(input.byte()); break;
        }
        if ((how & 64) != 0) b.padding(input.byte());
        if ((how & 128) != 0) b.to_mac(net::broadcast_mac);
        return b;
    }

    static Bytes crafted_arp(Input& input) {
        Arp arp;
        arp.operation = input.byte() % 4;
        arp.sender_mac =
            net::MacAddress{{static_cast<uint8_t>(input.byte() & 3), 0, 0, 0, 0, input.byte()}};
        arp.sender = input.one_of(hosts);
        arp.target = input.one_of(hosts);
        Bytes frame = arp;
        frame[6] = 2;
        return frame;
    }

    void receive(Input& input, Bytes frame) {
        const char* interface = input.one_of(interfaces);
        const bool is_arp = frame.size() >= 14 && frame[12] == 8 && frame[13] == 6;
        const uint64_t dropped = router_.all_drops();
        const uint64_t fragments = router_.tally(layout::Tally::fragments_sent);
        const size_t waiting = router_.pool().outstanding();
        const auto sent = receives(input, interface, std::move(frame));
        const uint64_t drops = router_.all_drops() - dropped;
        promise(is_arp || drops > 0 || !sent.empty() || router_.pool().outstanding() > waiting,
                "every packet is sent, held or dropped");
        const uint64_t made = router_.tally(layout::Tally::fragments_sent) - fragments;
        // Beside it, a redirect and an error that found no buffer.
        promise(drops <= 3 + waiting + made, "no packet is dropped twice");
    }

    void disturb(Input& input) {
        const uint8_t how = input.byte();
        const char* interface = interfaces[how / 8 % interfaces.size()];
        switch (how % 8) {
            case 0: router_.link_down(interface); break;
            case 1: router_.link_up(interface); break;
            case 2: spare_buffers_ = input.byte() % 8 - size_t{1}; break;
            case 3: router_.take_plan(); break;
            case 4:
                in_order(router_.does([&](Context& c) {
                    arp::announce(c, router_.id_of(interface), ip(input.one_of(hosts)));
                }));
                break;
            default: {
                const auto to = input.one_of(hosts);
                const auto place = router_.neighbours().find(router_.id_of(interface), ip(to));
                if (place != NeighbourTable::none) {
                    router_.knows(interface, to, mac("02:00:00:00:00:42"));
                }
            }
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Fuzzed fuzzed;
    fuzzed.run(Input(data, size));
    return 0;
}
