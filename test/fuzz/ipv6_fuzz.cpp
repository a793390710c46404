// SPDX-License-Identifier: BSD-3-Clause
// Whatever comes in as IPv6, on ports and out of tunnels: extension headers, ICMPv6, Neighbour
// Discovery with any options, cut short anywhere, in buffers of any size. The router reads nothing
// beyond a packet's end, loses no buffer, and sends only frames that are in order.
#include <array>

#include "test/fuzz/fuzzed_router.h"

namespace {

using namespace sluice;
using namespace sluice::test;

constexpr auto config = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24", "2001:db8:1::1/64"],
             "router_advertisements": true, "reverse_path": "strict" },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24", "2001:db8:ff::2/64"],
             "mtu": 1400 }
  },
  "tunnels": {
    "gre":    { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.9",
                "addresses": ["2001:db8:aa::1/64"], "ttl": "inherit" },
    "ipip":   { "type": "ipip", "local": "203.0.113.2", "remote": "198.51.100.10", "mtu": 600 },
    "nested": { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.12", "key": 7,
                "checksum": true, "dont_fragment": "clear" }
  },
  "routes": [
    { "prefix": "198.51.100.0/24", "via": "203.0.113.1" },
    { "prefix": "198.51.100.12/32", "interface": "gre" },
    { "prefix": "2001:db8:9::/48", "via": "2001:db8:ff::1" },
    { "prefix": "2001:db8:90::/48", "interface": "gre" },
    { "prefix": "2001:db8:91::/48", "interface": "ipip" },
    { "prefix": "2001:db8:92::/48", "interface": "nested" },
    { "prefix": "2001:db8:b::/48", "type": "unreachable" },
    { "prefix": "::/0", "via": "fe80::5", "interface": "wan" }
  ]
})";
constexpr std::array hosts{"2001:db8:1::9",
                           "2001:db8:1::1",
                           "2001:db8:1::",
                           "2001:db8:1::77",
                           "2001:db8:ff::1",
                           "2001:db8:ff::2",
                           "2001:db8:9::5",
                           "2001:db8:90::5",
                           "2001:db8:91::5",
                           "2001:db8:92::5",
                           "2001:db8:aa::1",
                           "2001:db8:aa::7",
                           "2001:db8:b::1",
                           "2606::1",
                           "fe80::9",
                           "fe80::5a:ff:fe00:1",
                           "ff02::1",
                           "ff02::2",
                           "ff02::1:ff00:1",
                           "ff0e::1",
                           "::",
                           "::1",
                           "::ffff:10.0.0.1"};
constexpr std::array<uint8_t, 6> extensions{0, 43, 44, 51, 60, 59};
constexpr std::array<uint8_t, 10> messages{1, 2, 3, 4, 128, 133, 134, 135, 136, 137};

class Fuzzed : FuzzedRouter {
  public:
    Fuzzed() : FuzzedRouter(config) {}
    void run(Input input) {
        start_anew();
        router_.knows("lan", "2001:db8:1::9", mac("02:00:00:00:00:09"));
        router_.knows("wan", "2001:db8:ff::1", mac("02:00:00:00:01:01"));
        router_.knows("wan", "203.0.113.1", mac("02:00:00:00:01:01"));
        while (!input.empty()) happen(input);
        give_up_waiting();
    }

  private:
    void happen(Input& input) {
        switch (input.byte() % 8) {
            case 0:
            case 1:
            case 2: receives(input, input.byte() % 2 != 0 ? "wan" : "lan", packet(input)); break;
            case 3:
            case 4: receives(input, "wan", tunnelled(input)); break;
            case 5: receives(input, "lan", message(input)); break;
            case 6: passes(input.word()); break;
            case 7: disturb(input); break;
        }
    }

    static void shorten(Input& input, Bytes& frame, size_t least) {
        if (input.byte() >= 64 || frame.size() <= least) return;
        frame.resize(least + input.word() % (frame.size() - least));
    }

    static Bytes packet(Input& input) {
        const uint8_t how = input.byte();
        Ipv6Builder b;
        b.from(input.one_of(hosts)).to(input.one_of(hosts));
        if ((how & 1) != 0) b.to_mac({});  // to the interface, whatever the address
        b.hops(input.byte() % 4 == 0 ? 255 : input.byte() % 8).traffic_class(input.byte());
        b.payload((how & 2) != 0 ? input.word() % 1600 : input.byte() % 64);
        switch (how >> 4 & 3) {
            case 0: b.udp(input.byte(), input.byte()); break;
            case 1: b.tcp_syn(input.word()); break;
            case 2: b.icmp6(input.one_of(messages), input.byte() % 2, input.word()); break;
            case 3: b.protocol(input.byte()); break;
        }
        for (unsigned n = input.byte() % 4; n > 0; --n) {
            const uint8_t kind = input.one_of(extensions);
            Bytes header = input.bytes(8 * (1 + input.byte() % 2));
            header.resize(std::max<size_t>(header.size(), 8));
            if (input.byte() % 4 != 0) header[1] = static_cast<uint8_t>(header.size() / 8 - 1);
            b.extension(kind, header);
        }
        if ((how & 4) != 0) b.payload_length(input.word() % 1600);
        Bytes frame = b;
        shorten(input, frame, 14);
        return frame;
    }

    static Bytes message(Input& input) {
        Ipv6Builder b;
        b.from(input.one_of(hosts)).to(input.one_of(hosts)).hops(255);
        b.icmp6(static_cast<uint8_t>(133 + input.byte() % 5), 0,
                static_cast<uint32_t>(input.byte()) << 24);
        const net::Ipv6Field target = net::Ipv6Field::of(ip6(input.one_of(hosts)));
        Bytes body(sizeof target);
        std::memcpy(body.data(), static_cast<const void*>(&target), sizeof target);
        if (input.byte() % 8 == 0) body.clear();
        for (unsigned n = input.byte() % 4; n > 0; --n) {
            Bytes option = input.bytes(8);
            option.resize(8);
            option[0] = option[0] % 8;
            if (input.byte() % 4 != 0) option[1] = 1;
            body.insert(body.end(), option.begin(), option.end());
        }
        shorten(input, body, 0);
        b.payload(body);
        if (input.byte() % 4 == 0) b.to_mac({});
        return b;
    }

    static Bytes tunnelled(Input& input) {
        const bool gre = input.byte() % 2 != 0;
        const Bytes inside = input.byte() % 2 != 0 ? packet(input) : message(input);
        Bytes payload = gre ? Bytes{0, 0, 0x86, 0xdd} : Bytes{};
        if (inside.size() > 14) payload.insert(payload.end(), inside.begin() + 14, inside.end());
        Ipv4Builder b;
        b.from(gre ? "198.51.100.9" : "198.51.100.10").to("203.0.113.2");
        return b.protocol(gre ? 47 : 41).tos(input.byte()).payload(payload);
    }

    void disturb(Input& input) {
        switch (input.byte() % 4) {
            case 0: router_.link_down("wan"); break;
            case 1: router_.link_up("wan"); break;
            case 2: router_.take_plan(); break;
            case 3: router_.knows("lan", input.one_of(hosts), mac("02:00:00:00:00:44")); break;
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Fuzzed fuzzed;
    fuzzed.run(Input(data, size));
    return 0;
}
