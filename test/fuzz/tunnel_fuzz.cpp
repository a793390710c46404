// SPDX-License-Identifier: BSD-3-Clause
// Whatever comes out of tunnels and is said of them: GRE with all its flags, IP in IP, one in
// another, cut short anywhere, in fragments; and ICMP errors that quote what was sent, or claim to.
// The router reads nothing beyond a packet's end, loses no buffer, and sends only frames that are
// in order, none of them to itself.
#include <array>
#include <string>

#include "test/fuzz/fuzzed_router.h"

namespace {

using namespace sluice;
using namespace sluice::test;

constexpr auto config = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"], "mtu": 1400 }
  },
  "tunnels": {
    "plain":  { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.9",
                "addresses": ["172.31.0.1/30"] },
    "full":   { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.10", "key": 7,
                "checksum": true, "sequence": true, "ttl": "inherit" },
    "keyed":  { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.10", "key": 8,
                "dont_fragment": "set", "clamp_mss": false },
    "ipip":   { "type": "ipip", "local": "203.0.113.2", "remote": "198.51.100.11",
                "any_remote": true, "dont_fragment": "clear", "reverse_path": "loose" },
    "boxed":  { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.9", "key": 7,
                "udp_port": 4754 },
    "nested": { "type": "ipip", "local": "203.0.113.2", "remote": "198.51.100.12", "mtu": 600 }
  },
  "routes": [
    { "prefix": "198.51.100.0/24", "via": "203.0.113.1" },
    { "prefix": "198.51.100.12/32", "interface": "plain" },
    { "prefix": "10.9.0.0/16", "interface": "plain" },
    { "prefix": "10.10.0.0/16", "interface": "full" },
    { "prefix": "10.11.0.0/16", "interface": "keyed" },
    { "prefix": "10.12.0.0/16", "interface": "ipip" },
    { "prefix": "10.13.0.0/16", "interface": "nested" },
    { "prefix": "10.14.0.0/16", "interface": "boxed" }
  ],
  "nat": [ { "name": "out", "type": "source", "from": "10.0.0.8/32", "out": "plain",
             "to": "interface" } ],
  "sessions": { "max": 64 }
})";
constexpr const char* local = "203.0.113.2";
constexpr std::array remotes{"198.51.100.9", "198.51.100.10", "198.51.100.11", "198.51.100.12",
                             "203.0.113.1"};
constexpr std::array insiders{"10.0.0.8",     "10.0.0.9",   "10.0.0.1",   "10.9.0.5",
                              "10.10.0.5",    "10.11.0.5",  "10.12.0.5",  "10.13.0.5",
                              "10.14.0.5",    "172.31.0.1", "172.31.0.2", "203.0.113.2",
                              "198.51.100.9", "224.0.0.1",  "10.0.0.255"};
constexpr std::array<uint16_t, 8> gre_flags{0x0000, 0x2000, 0x8000, 0xb000,
                                            0x3000, 0xa000, 0x1000, 0x4000};
constexpr std::array<uint8_t, 6> errors{3, 11, 12, 4, 5, 3};
constexpr uint8_t gre = 47, ipip = 4, udp = 17;

Bytes behind_ethernet(const Bytes& frame) { return Bytes(frame.begin() + 14, frame.end()); }

void append(Bytes& to, uint16_t word) {
    to.push_back(static_cast<uint8_t>(word >> 8));
    to.push_back(static_cast<uint8_t>(word));
}

class Fuzzed : FuzzedRouter {
  public:
    Fuzzed() : FuzzedRouter(config) {}
    void run(Input input) {
        start_anew();
        know_neighbours();
        sent_.clear();
        while (!input.empty()) happen(input);
        give_up_waiting();
    }

  private:
    void know_neighbours() {
        router_.knows("lan", "10.0.0.8", mac("02:00:00:00:00:08"));
        router_.knows("lan", "10.0.0.9", mac("02:00:00:00:00:09"));
        router_.knows("wan", "203.0.113.1", mac("02:00:00:00:01:01"));
    }

    void happen(Input& input) {
        switch (input.byte() % 8) {
            case 0:
            case 1: receive(input, "lan", inner(input)); break;
            case 2:
            case 3: receive(input, "wan", tunnelled(input)); break;
            case 4:
            case 5: receive(input, "wan", error(input)); break;
            case 6: remember(passes(input.word())); break;
            case 7: disturb(input); break;
        }
    }

    static Bytes inner(Input& input) {
        const uint8_t how = input.byte();
        Ipv4Builder b;
        b.from(input.one_of(insiders)).to(input.one_of(insiders)).ttl(input.byte() % 8);
        b.tos(input.byte());
        size_t size = (how & 1) != 0 ? input.word() % 1500 : input.byte() % 64;
        if ((how & 2) != 0) size &= ~size_t{7};
        if ((how & 2) != 0) b.fragment(input.byte() % 4 * 8u, (input.byte() & 1) != 0);
        if ((how & 4) != 0) b.dont_fragment();
        if ((how & 8) != 0) b.options(input.bytes(input.byte() % 41));
        b.payload(size);
        switch (how >> 4 & 3) {
            case 0: b.udp(input.byte(), input.byte()); break;
            case 1: b.tcp(input.byte(), input.byte(), input.byte()); break;
            case 2: b.icmp(input.byte() % 20, 0); break;
            case 3: b.protocol(input.byte()); break;
        }
        return b;
    }

    // What is inside of what comes by a tunnel: a packet, a tunnel's packet, or anything.
    Bytes content(Input& input, unsigned depth) {
        const uint8_t how = input.byte() % 8;
        if (how == 0) return input.bytes(input.byte());
        if (how < 3 && depth < 6) return behind_ethernet(tunnelled(input, depth + 1));
        if (how == 3) return quoted(input);
        return behind_ethernet(inner(input));
    }

    static Bytes gre_header(Input& input) {
        const uint16_t flags = input.byte() < 240 ? input.one_of(gre_flags) : input.word();
        Bytes header;
        append(header, flags);
        append(header, input.byte() < 240 ? 0x0800 : input.word());
        if ((flags & 0x8000) != 0) append(header, input.word()), append(header, 0);
        if ((flags & 0x2000) != 0) append(header, 0), append(header, 7 + input.byte() % 2);
        if ((flags & 0x1000) != 0) append(header, 0), append(header, input.byte());
        return header;
    }

    // GRE's checksum becomes true, mostly.
    static void fill_gre_checksum(Input& input, Bytes& payload) {
        if (payload.size() < 6 || (payload[0] & 0x80) == 0 || input.byte() < 32) return;
        payload[4] = payload[5] = 0;
        const uint16_t sum =
            net::checksum_of(net::sum_words(payload.data(), payload.size())).host();
        payload[4] = static_cast<uint8_t>(sum >> 8);
        payload[5] = static_cast<uint8_t>(sum);
    }

    // Its header in front of GRE's; length and port are right, mostly.
    static void put_in_udp(Input& input, Bytes& payload) {
        const auto length = static_cast<uint16_t>(8 + payload.size());
        Bytes header;
        append(header, input.word());
        append(header, input.byte() < 240 ? 4754 : input.word());
        append(header, input.byte() < 224 ? length : input.word());
        append(header, input.byte() < 224 ? 0 : input.word());
        payload.insert(payload.begin(), header.begin(), header.end());
    }

    Bytes tunnelled(Input& input, unsigned depth = 0) {
        const uint8_t how = input.byte();
        uint8_t protocol = (how & 1) != 0 ? gre : ipip;
        Bytes payload = (how & 1) != 0 ? gre_header(input) : Bytes{};
        const Bytes inside = content(input, depth);
        payload.insert(payload.end(), inside.begin(), inside.end());
        if ((how & 2) != 0) payload.resize(std::min<size_t>(payload.size(), input.byte()));
        if ((how & 1) != 0) fill_gre_checksum(input, payload);
        if ((how & 1) != 0 && input.byte() < 80) {
            put_in_udp(input, payload);
            protocol = udp;
        }
        Ipv4Builder b;
        b.from(input.one_of(remotes)).to(local).protocol(protocol).tos(how >> 6);
        if ((how & 12) == 12) {  // a part of it
            const size_t begin = std::min<size_t>(input.byte() % 8 * 8u, payload.size());
            b.fragment(static_cast<unsigned>(begin), (how & 16) != 0).id(how >> 5);
            size_t end = std::min(payload.size(), begin + input.byte());
            if ((how & 16) != 0) end -= (end - begin) % 8;
            payload = Bytes(payload.begin() + static_cast<long>(begin),
                            payload.begin() + static_cast<long>(end));
        }
        return b.payload(payload);
    }

    // One that was sent, perhaps changed in a place, perhaps cut short.
    Bytes quoted(Input& input) {
        Bytes packet = sent_.empty() ? behind_ethernet(inner(input)) : input.one_of(sent_);
        const uint8_t how = input.byte();
        if ((how & 1) != 0) packet[input.byte() % packet.size()] = input.byte();
        if ((how & 2) != 0) packet.resize(std::min<size_t>(packet.size(), input.byte()));
        return packet;
    }

    Bytes error(Input& input) {
        const uint8_t kind = input.one_of(errors);
        Ipv4Builder b;
        b.from("198.18.0.7").to(local).icmp(kind, input.byte() % 16).payload(quoted(input));
        Bytes frame = b;
        auto& icmp = *reinterpret_cast<net::IcmpHeader*>(frame.data() + 34);
        icmp.word1 = net::be16(input.word());
        icmp.word2 = net::be16(input.word());
        icmp.checksum = net::be16(0);
        icmp.checksum = net::checksum_of(net::sum_words(&icmp, frame.size() - 34));
        return frame;
    }

    void receive(Input& input, const char* interface, Bytes frame) {
        remember(receives(input, interface, std::move(frame)));
    }

    void disturb(Input& input) {
        switch (input.byte() % 4) {
            case 0: router_.link_down("wan"); break;
            case 1: router_.link_up("wan"); break;
            case 2: router_.take_plan(); break;
            case 3: spare_buffers_ = input.byte() % 4 - size_t{1}; break;
        }
    }

    void remember(const std::vector<Sent>& sent) {
        for (const Sent& s : sent) {
            if (s.frame.is_arp()) continue;
            const net::Ipv4Header& ip = s.frame.ipv4();
            promise(ip.destination_address() != test::ip(local) &&
                        ip.destination_address() != test::ip("10.0.0.1"),
                    "nothing is sent to ourselves");
            if (sent_.size() == 16) sent_.erase(sent_.begin());
            sent_.push_back(behind_ethernet(s.frame.bytes()));
        }
    }

    std::vector<Bytes> sent_;  // the last packets, to be quoted
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Fuzzed fuzzed;
    fuzzed.run(Input(data, size));
    return 0;
}
