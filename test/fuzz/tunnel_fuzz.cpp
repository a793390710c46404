// SPDX-License-Identifier: BSD-3-Clause
// Whatever comes out of tunnels and is said of them: GRE with all its flags, IP in IP, one in
// another, cut short anywhere, in fragments; and ICMP errors that quote what was sent, or claim to.
// Frames go through a bridged tunnel both ways; hosts and other ends say by IGMP what they join;
// broadcasts are relayed.
// The router reads nothing beyond a packet's end, loses no buffer, sends only frames that are in
// order, none of them to itself, and remembers no more groups than it may.
#include <array>
#include <string>

#include "dataplane/multicast/groups.h"
#include "test/fuzz/fuzzed_router.h"

namespace {

using namespace sluice;
using namespace sluice::test;

constexpr auto config = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "side": { "device": "net_null2", "mtu": 600 },
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
    "nested": { "type": "ipip", "local": "203.0.113.2", "remote": "198.51.100.12", "mtu": 600 },
    "cable":  { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.13",
                "bridge": "side" }
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
  "multicast": { "interfaces": { "lan": { "max_groups": 3 }, "plain": {},
                                 "keyed": { "copies": "members" } }, "max_groups": 4 },
  "broadcast_relay": { "interfaces": ["lan", "plain", "keyed"], "udp_ports": [1, 7] },
  "sessions": { "max": 64 }
})";
constexpr unsigned max_groups = 4, max_groups_on_lan = 3;
constexpr const char* local = "203.0.113.2";
constexpr std::array remotes{"198.51.100.9",  "198.51.100.10", "198.51.100.11",
                             "198.51.100.12", "203.0.113.1",   "198.51.100.13"};
constexpr std::array insiders{
    "10.0.0.8",     "10.0.0.9",  "10.0.0.1",   "10.9.0.5",   "10.10.0.5",  "10.11.0.5",
    "10.12.0.5",    "10.13.0.5", "10.14.0.5",  "172.31.0.1", "172.31.0.2", "203.0.113.2",
    "198.51.100.9", "224.0.0.1", "10.0.0.255", "239.1.2.3",  "239.1.2.4",  "255.255.255.255"};
constexpr std::array groups{"224.0.0.1", "224.0.0.2", "224.0.0.22",  "239.1.2.3", "239.1.2.4",
                            "239.1.2.5", "232.1.1.1", "224.0.0.251", "0.0.0.0"};
constexpr std::array<uint8_t, 6> igmp_types{0x16, 0x22, 0x11, 0x17, 0x12, 0x13};
constexpr uint8_t v3_report = 0x22;
constexpr std::array<uint16_t, 8> gre_flags{0x0000, 0x2000, 0x8000, 0xb000,
                                            0x3000, 0xa000, 0x1000, 0x4000};
constexpr std::array<uint8_t, 6> errors{3, 11, 12, 4, 5, 3};
constexpr uint8_t gre = 47, ipip = 4, udp = 17;

Bytes behind_ethernet(const Bytes& frame) { return Bytes(frame.begin() + 14, frame.end()); }

void append(Bytes& to, uint16_t word) {
    to.push_back(static_cast<uint8_t>(word >> 8));
    to.push_back(static_cast<uint8_t>(word));
}

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

void append_address(Bytes& to, const char* text) {
    const uint32_t address = ip(text).value;
    append(to, static_cast<uint16_t>(address >> 16));
    append(to, static_cast<uint16_t>(address));
}

// Of all bytes, to stand at this place.
void fill_checksum_at(Bytes& message, size_t at) {
    message[at] = message[at + 1] = 0;
    const uint16_t sum = net::checksum_of(net::sum_words(message.data(), message.size())).host();
    message[at] = static_cast<uint8_t>(sum >> 8);
    message[at + 1] = static_cast<uint8_t>(sum);
}

// Inputs that get where it would be worth little to be fuzzed without getting. Each is a seed, too.
namespace sample {
constexpr std::array<uint8_t, 8> join{8, 0, 0, 0, 3, 1, 3, 0};
constexpr std::array<uint8_t, 8> leave{8, 0, 3, 0, 3, 1, 1, 0};
constexpr std::array<uint8_t, 8> question{8, 0, 2, 100, 8, 1, 0, 0};
constexpr std::array<uint8_t, 13> join_v3{8, 0, 1, 1, 0, 0, 0, 4, 0, 4, 1, 2, 0};
constexpr std::array<uint8_t, 13> join_by_tunnel{9, 0, 1, 1, 0, 0, 0, 4, 0, 5, 3, 2, 0};
constexpr std::array<uint8_t, 23> frame_in{10, 0, 2, 0, 0, 0, 0, 9,  2, 0, 0, 0,
                                           0,  8, 0, 1, 3, 7, 0, 40, 1, 1, 0};
constexpr std::array<uint8_t, 24> frame_out{11, 0, 2, 0, 0, 0, 0, 9,  2, 0, 0, 0,
                                            0,  8, 0, 1, 3, 7, 0, 40, 1, 1, 0, 0};
constexpr std::array<uint8_t, 10> broadcast{0, 0, 1, 17, 7, 0, 8, 1, 1, 0};
}  // namespace sample

class Fuzzed : FuzzedRouter {
  public:
    Fuzzed() : FuzzedRouter(config) { show_reach(); }
    void run(Input input) {
        begin();
        while (!input.empty()) happen(input);
        promise_groups();
        give_up_waiting();
    }

  private:
    void begin() {
        start_anew();
        know_neighbours();
        sent_.clear();
    }

    void show_reach() {
        begin();
        const auto take = [&](const auto& sample) {
            for (Input input(sample.data(), sample.size()); !input.empty();) happen(input);
        };
        const auto heard = [&] { return router_.tally(layout::Tally::igmp_reports_heard); };
        const auto passed = [&](const char* interface) {
            return router_.context().counters.interfaces[router_.id_of(interface)].tx_packets.get();
        };
        take(sample::join);
        take(sample::join_v3);
        promise(heard() == 2, "reports of a host are heard");
        take(sample::join_by_tunnel);
        promise(heard() == 3, "reports of a tunnel's other end are heard");
        take(sample::leave);
        promise(router_.tally(layout::Tally::igmp_queries_sent) == 1, "who leaves is heard");
        take(sample::question);
        take(sample::broadcast);
        promise(router_.tally(layout::Tally::broadcasts_relayed) == 1, "a broadcast is relayed");
        take(sample::frame_in);
        promise(passed("cable") == 1, "a port's frame goes into the tunnel");
        take(sample::frame_out);
        promise(passed("side") == 1, "a tunnel's frame goes out by the port");
        promise(router_.all_drops() == 0, "all that is in order");
    }

    void promise_groups() const {
        unsigned count = 0, on_lan = 0;
        multicast::for_each_group(router_.groups(), [&](net::Ipv4Address group, const auto& g) {
            promise(group.is_multicast() && !multicast::is_of_one_link(group), "groups are groups");
            ++count;
            for (const layout::Membership& m : g.members) {
                on_lan += m.interface.load() == router_.id_of("lan") + 1;
            }
        });
        promise(count <= max_groups && on_lan <= max_groups_on_lan, "the limits of groups hold");
    }

    void know_neighbours() {
        router_.knows("lan", "10.0.0.8", mac("02:00:00:00:00:08"));
        router_.knows("lan", "10.0.0.9", mac("02:00:00:00:00:09"));
        router_.knows("wan", "203.0.113.1", mac("02:00:00:00:01:01"));
    }

    void happen(Input& input) {
        switch (input.byte() % 12) {
            case 0:
            case 1: receive(input, "lan", inner(input)); break;
            case 2:
            case 3: receive(input, "wan", tunnelled(input)); break;
            case 4:
            case 5: receive(input, "wan", error(input)); break;
            case 6: pass(input.word()); break;
            case 7: disturb(input); break;
            case 8: receive(input, "lan", igmp(input)); break;
            case 9: receive(input, "wan", igmp_by_tunnel(input)); break;
            case 10: receive(input, "side", frame(input)); break;
            case 11: receive(input, "wan", frame_by_tunnel(input)); break;
        }
    }

    void pass(unsigned ms) {
        remember(passes(ms));
        if (ms < 1000) return;
        remember(in_order(router_.does([&](Context&) { router_.watch_groups(); })));
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

    // What is inside of what comes by a tunnel: a packet, a tunnel's packet, a frame, or anything.
    Bytes content(Input& input, unsigned depth) {
        const uint8_t how = input.byte() % 10;
        if (how > 7) return how == 8 ? frame(input) : behind_ethernet(igmp(input));
        if (how == 0) return input.bytes(input.byte());
        if (how < 3 && depth < 6) return behind_ethernet(tunnelled(input, depth + 1));
        if (how == 3) return quoted(input);
        return behind_ethernet(inner(input));
    }

    static Bytes igmp_records(Input& input) {
        Bytes message{v3_report, 0, 0, 0, 0, 0};
        const unsigned count = input.byte() % 8;
        append(message, input.byte() < 224 ? static_cast<uint16_t>(count) : input.word());
        for (unsigned n = 0; n < count; ++n) {
            const uint8_t sources = input.byte() % 4;
            const uint8_t auxiliary = input.byte() < 224 ? 0 : input.byte();
            message.push_back(input.byte() % 8);
            message.push_back(auxiliary);
            append(message, input.byte() < 224 ? sources : input.word());
            append_address(message, input.one_of(groups));
            for (unsigned s = 0; s < sources; ++s) append_address(message, input.one_of(insiders));
        }
        return message;
    }

    // Length, checksum and time to live are right, mostly.
    static Bytes igmp(Input& input) {
        const uint8_t how = input.byte();
        const uint8_t type = input.one_of(igmp_types);
        Bytes message;
        if (type == v3_report) {
            message = igmp_records(input);
        } else {
            message = {type, input.byte(), 0, 0};
            append_address(message, input.one_of(groups));
        }
        if ((how & 1) != 0) append(message, input.bytes(input.byte() % 32));
        if ((how & 2) != 0) message.resize(std::min<size_t>(message.size(), input.byte()));
        if ((how & 4) == 0 && message.size() >= 4) fill_checksum_at(message, 2);
        Ipv4Builder b;
        b.from(input.one_of(insiders)).to(input.one_of(groups)).protocol(2).payload(message);
        b.ttl((how & 8) != 0 ? input.byte() : 1).to_mac(mac("01:00:5e:00:00:16"));
        if ((how & 16) == 0) b.options({0x94, 4, 0, 0});
        return b;
    }

    static Bytes igmp_by_tunnel(Input& input) {
        Bytes payload{0, 0, 8, 0};
        append(payload, behind_ethernet(igmp(input)));
        return Ipv4Builder().from(remotes[0]).to(local).protocol(gre).payload(payload);
    }

    // Of hosts on a bridged network: with tags, of any type, cut short.
    static Bytes frame(Input& input) {
        const uint8_t how = input.byte();
        Bytes frame = input.bytes(12);
        frame.resize(12);
        for (unsigned n = how & 3; n > 0; --n) {
            append(frame, static_cast<uint16_t>(input.byte() % 2 != 0 ? 0x88a8 : 0x8100));
            append(frame, input.word());
        }
        if ((how & 4) != 0) {
            append(frame, input.word());
            append(frame, input.bytes(input.byte()));
        } else {
            append(frame, 0x0800);
            append(frame, behind_ethernet(inner(input)));
        }
        if ((how & 8) != 0) frame.resize(std::min<size_t>(frame.size(), input.byte()));
        return frame;
    }

    static Bytes frame_by_tunnel(Input& input) {
        Bytes payload{0, 0, 0x65, 0x58};
        append(payload, frame(input));
        Ipv4Builder b;
        b.from("198.51.100.13").to(local).protocol(gre).tos(input.byte());
        return b.payload(payload);
    }

    static Bytes gre_header(Input& input) {
        const uint16_t flags = input.byte() < 240 ? input.one_of(gre_flags) : input.word();
        Bytes header;
        append(header, flags);
        const uint8_t carried = input.byte();
        append(header, carried < 200 ? 0x0800 : carried < 240 ? 0x6558 : input.word());
        if ((flags & 0x8000) != 0) append(header, input.word()), append(header, 0);
        if ((flags & 0x2000) != 0) append(header, 0), append(header, 7 + input.byte() % 2);
        if ((flags & 0x1000) != 0) append(header, 0), append(header, input.byte());
        return header;
    }

    // GRE's checksum becomes true, mostly.
    static void fill_gre_checksum(Input& input, Bytes& payload) {
        if (payload.size() < 6 || (payload[0] & 0x80) == 0 || input.byte() < 32) return;
        fill_checksum_at(payload, 4);
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
        if ((how & 1) != 0 && input.byte() >= 176) {
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
            if (s.frame.is_arp() || s.interface == "side") continue;
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
