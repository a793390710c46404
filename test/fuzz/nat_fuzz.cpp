// SPDX-License-Identifier: BSD-3-Clause
// Whatever comes in on either side of a NAT with rules of every kind: what must hold of its tables
// holds after each packet, no buffer is lost, and what is sent is in order. Packets are crafted to
// meet rules; those that were sent come back as answers, as they are, and quoted in ICMP errors
// that are cut anywhere; time passes, sessions are cleared, and the dataplane dies.
#include <array>
#include <optional>

#include "lib/net/checksum.h"
#include "test/fuzz/fuzzed_router.h"
#include "test/support/dns_message.h"
#include "test/support/nat_check.h"

namespace {

using namespace sluice;
using namespace sluice::test;

constexpr auto config = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"], "mtu": 576 }
  },
  "routes": [ { "prefix": "192.0.2.0/24", "via": "203.0.113.1" } ],
  "neighbours": [
    { "interface": "wan", "address": "203.0.113.1", "mac": "02:00:00:00:01:01" },
    { "interface": "lan", "address": "10.0.0.4", "mac": "02:00:00:00:00:04" },
    { "interface": "lan", "address": "10.0.0.7", "mac": "02:00:00:00:00:07" },
    { "interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:09" },
    { "interface": "lan", "address": "10.0.0.16", "mac": "02:00:00:00:00:16" },
    { "interface": "lan", "address": "10.0.0.20", "mac": "02:00:00:00:00:20" }
  ],
  "nat": [
    { "type": "exempt", "from": "10.0.0.0/24", "destination": "192.0.2.3" },
    { "type": "static", "in": "wan", "out": "wan", "external": "203.0.113.72/30",
      "internal": "10.0.0.8/30", "alg": ["ftp", "dns"] },
    { "type": "dynamic", "out": "wan", "from": "10.0.0.4-10.0.0.6", "alg": ["ftp"],
      "to": "203.0.113.64-203.0.113.65", "sessions_per_subscriber": 3 },
    { "type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
      "to": ["10.0.0.7:8080", "10.0.0.4:8080"] },
    { "type": "forward", "in": "wan", "protocol": "tcp", "port": 21, "to": "10.0.0.7",
      "alg": ["ftp"] },
    { "type": "forward", "in": "wan", "protocol": "udp", "port": "5000-5003",
      "to": "10.0.0.7:6000", "out": "lan", "source": "interface" },
    { "type": "source", "out": "wan", "from": "10.0.0.2-10.0.0.3", "to": "203.0.113.80-203.0.113.81",
      "ports": "4000-4007", "mapping": "endpoint-dependent", "pooling": "arbitrary" },
    { "type": "source", "out": "wan", "from": "10.0.0.16-10.0.0.18", "to": "203.0.113.82",
      "ports": "4000-4047", "port_choice": "blocks", "block_size": 16,
      "blocks_per_subscriber": 2, "ports_per_subscriber": 20 },
    { "type": "source", "out": "wan", "from": "10.0.0.20-10.0.0.22", "ports": "4000-4031",
      "to": "203.0.113.83-203.0.113.84", "port_choice": "deterministic", "block_size": 16 },
    { "type": "source", "out": "wan", "from": "10.0.0.0/24", "to": "interface",
      "ports": "2000-2015", "sessions_per_subscriber": 6, "on_expired": "rst", "alg": ["ftp"] }
  ],
  "sessions": { "max": 64, "quarantine_s": 3 }
})";
constexpr std::array interfaces{"lan", "wan"};
constexpr std::array inside{"10.0.0.2",  "10.0.0.3",  "10.0.0.4",  "10.0.0.5",
                            "10.0.0.7",  "10.0.0.9",  "10.0.0.9",  "10.0.0.1",
                            "10.0.0.16", "10.0.0.16", "10.0.0.17", "10.0.0.18",
                            "10.0.0.20", "10.0.0.20", "10.0.0.21", "10.0.0.22"};
constexpr std::array far{"192.0.2.1", "192.0.2.2", "192.0.2.3", "10.0.0.9"};
constexpr std::array external{"203.0.113.2",  "203.0.113.2",  "203.0.113.64", "203.0.113.65",
                              "203.0.113.73", "203.0.113.80", "203.0.113.81", "192.0.2.1",
                              "203.0.113.82", "203.0.113.83", "203.0.113.84", "203.0.113.2"};
constexpr std::array<uint16_t, 16> ports{0,    1,    20,   21,   53,   80,   2000, 2001,
                                         2002, 4000, 4001, 4464, 5000, 5001, 6000, 8080};
constexpr std::array<uint8_t, 8> protocols{1, 6, 6, 6, 17, 17, 47, 99};
constexpr std::array<uint8_t, 8> tcp_flags{0x02, 0x02, 0x10, 0x18, 0x18, 0x12, 0x11, 0x04};
// All of 22 bytes, so that one often follows another.
constexpr std::array texts{
    "PORT 10,0,0,7,17,112\r\n", "PORT 10,0,0,4,17,112\r\n",   "PORT 10,0,0,9,17,112\r\n",
    "EPRT |1|10.0.0.7|446|\r",  "227 (10,0,0,7,17,112)\n",    "229 okay (|||4464|)\r\n",
    "LIST\r\nPORT 10,0,0,7,1",  "7,113\r\nLIST\r\nNOOP\r\nP", "ORT 10,0,0,7,17,114\r\n"};

// Of a host of a static rule inside and outside, of one of a dynamic rule, and of nobody.
constexpr std::array names{"9.0.0.10.in-addr.arpa",     "73.113.0.203.in-addr.arpa",
                           "74.113.0.203.IN-ADDR.arpa", "4.0.0.10.in-addr.arpa",
                           "64.113.0.203.in-addr.arpa", "in-addr.arpa",
                           "999.0.0.10.in-addr.arpa",   ""};
constexpr std::array<uint8_t, 8> record_types{1, 1, 12, 5, 2, 6, 15, 33};

class Fuzzed : FuzzedRouter {
  public:
    Fuzzed() : FuzzedRouter(config) {}
    void run(Input input) {
        start_anew();
        tables_.forget();
        last_.reset();
        while (!input.empty()) happen(input);
        give_up_everything();
    }

  private:
    void happen(Input& input) {
        switch (input.byte() % 9) {
            case 0: receive(input, input.one_of(interfaces), raw_ipv4(input)); break;
            case 1: receive_crafted(input); break;
            case 2: speak_ftp(input); break;
            case 3: answer(input); break;
            case 4: again(input); break;
            case 5: error_about(input); break;
            case 6: pass(input.byte() % 4 == 0 ? input.word() * 16u : input.byte() * 4u); break;
            case 7: disturb(input.byte()); break;
            case 8: speak_dns(input); break;
        }
        check_tables();
    }

    void receive_crafted(Input& input) {
        const bool from_inside = input.byte() % 4 != 0;
        receive(input, from_inside ? "lan" : "wan", crafted(input, from_inside));
    }

    static Bytes raw_ipv4(Input& input) {
        Bytes frame(14);
        frame[12] = 8;
        const Bytes packet = input.bytes(20 + input.byte() % 128);
        frame.insert(frame.end(), packet.begin(), packet.end());
        mend(frame);
        return frame;
    }
    // The version and the header's checksum.
    static void mend(Bytes& frame) {
        if (frame.size() < 34) return;
        auto& ip = *reinterpret_cast<net::Ipv4Header*>(frame.data() + 14);
        ip.version_and_length = static_cast<uint8_t>(0x40 | (ip.version_and_length & 15));
        if (14 + ip.header_length() <= frame.size() && ip.header_length() >= 20)
            net::fill_checksum(ip);
    }

    // As a host of that side may send it.
    static Bytes crafted(Input& input, bool from_inside) {
        const uint8_t how = input.byte();
        Ipv4Builder b;
        b.from(from_inside ? input.one_of(inside) : input.one_of(far));
        b.to(from_inside && (how & 1) != 0 ? input.one_of(far) : input.one_of(external));
        b.ttl(how == 255 ? 1 : 64);
        const uint8_t protocol = input.one_of(protocols);
        const uint16_t from = input.one_of(ports), to = input.one_of(ports);
        b.protocol(protocol);
        if (protocol == 17) b.udp(from, to);
        if (protocol == 6) b.tcp(from, to, input.one_of(tcp_flags)).numbers(input.byte() % 64, 0);
        if (protocol == 1) b.echo_request(input.byte() % 8, 1);
        if ((how & 6) == 6) b.payload(Bytes(input.byte() * 3));
        if ((how & 24) == 24) b.fragment(input.byte() % 4 * 8, (how & 32) != 0).id(7);
        if ((how & 192) == 192) b.options(input.bytes(input.byte() % 41));
        return b;
    }
    // A client inside, or one outside of a server inside, opens a connection, or what is inside
    // says something.
    void speak_ftp(Input& input) {
        const uint8_t how = input.byte();
        const bool serves = (how & 1) != 0;
        const char* host = (how & 2) != 0 && !serves ? "10.0.0.4" : "10.0.0.7";
        const auto from_host = [&](uint8_t flags, uint32_t sequence) {
            return test::ipv4()
                .from(host)
                .to("192.0.2.1")
                .tcp(serves ? 21 : 4000, serves ? 4000 : 21, flags)
                .numbers(sequence, 0);
        };
        if ((how & 12) == 0 && serves) {
            receive(input, "wan",
                    test::ipv4().from("192.0.2.1").to("203.0.113.2").tcp(4000, 21, 0x02));
        }
        if ((how & 12) == 0) return receive(input, "lan", from_host(serves ? 0x12 : 0x02, 0));
        const std::string text = input.one_of(texts);
        receive(input, "lan",
                from_host(input.one_of(tcp_flags), 1 + input.byte() % 4 * 22u)
                    .payload(Bytes(text.begin(), text.end())));
    }

    // A client outside asks a name server inside, or that answers.
    void speak_dns(Input& input) {
        const bool asks = input.byte() % 2 == 0;
        const Bytes message = dns_message(input);
        Ipv4Builder b;
        if (asks) b.from("192.0.2.1").to("203.0.113.73").udp(4000, 53);
        if (!asks) b.from("10.0.0.9").to("192.0.2.1").udp(53, 4000);
        const auto sent = receives(input, asks ? "wan" : "lan", b.payload(message));
        for (const Sent& s : sent) {
            promise(!s.frame.is_ipv4() || s.frame.checksums_hold(), "what was true stays true");
        }
        take(sent);
    }
    static Bytes dns_message(Input& input) {
        DnsMessage m(input.byte(), input.byte() % 4, input.byte() % 3);
        for (unsigned pieces = input.byte() % 16; pieces > 0; --pieces) {
            switch (input.byte() % 6) {
                case 0: m.name(input.one_of(names)); break;
                case 1: m.labels(input.one_of(names)); break;
                case 2: m.pointer(input.byte()); break;
                case 3: m.record(input.one_of(record_types), input.byte() % 32); break;
                case 4: m.raw({10, 0, 0, input.byte()}); break;
                case 5: m.raw(input.bytes(input.byte() % 8)); break;
            }
        }
        return m;
    }

    // To what was sent last, from where it went.
    void answer(Input& input) {
        if (!last_) return;
        Bytes frame = last_->frame.bytes();
        const size_t header = last_->frame.ipv4().header_length();
        swap_in(frame, 26, 30, 4);
        if (frame.size() >= 14 + header + 4) swap_in(frame, 14 + header, 14 + header + 2, 2);
        change_a_byte(frame, input);
        receive(input, last_->interface.c_str(), unaddressed(frame));
    }
    static void swap_in(Bytes& frame, size_t a, size_t b, size_t count) {
        std::swap_ranges(frame.begin() + static_cast<long>(a),
                         frame.begin() + static_cast<long>(a + count),
                         frame.begin() + static_cast<long>(b));
    }
    // The checksum of the transport follows, so that flags and types get past it.
    static void change_a_byte(Bytes& frame, Input& input) {
        const size_t at = 34 + input.byte() % 64;
        if (at >= frame.size()) return;
        frame[at] = input.byte();
        mend(frame);
    }
    void again(Input& input) {
        if (!last_) return;
        Bytes frame = last_->frame.bytes();
        change_a_byte(frame, input);
        receive(input, input.one_of(interfaces), unaddressed(frame));
    }
    // Quotes what was sent last, as much of it as the input says.
    void error_about(Input& input) {
        if (!last_) return;
        const Bytes& frame = last_->frame.bytes();
        const size_t length = std::min<size_t>(input.byte(), frame.size() - 14);
        constexpr std::array<uint8_t, 5> types{3, 4, 5, 11, 12};
        Ipv4Builder b;
        b.from(input.one_of(far)).to(net::to_string(last_->frame.ipv4().source_address()));
        b.icmp(input.one_of(types), input.byte() % 16);
        b.payload(Bytes(frame.begin() + 14, frame.begin() + 14 + static_cast<long>(length)));
        receive(input, last_->interface.c_str(), b);
    }
    static Bytes unaddressed(Bytes frame) {
        std::fill_n(frame.begin(), 6, uint8_t{0});
        return frame;
    }

    void receive(Input& input, const char* interface, Bytes frame) {
        take(receives(input, interface, std::move(frame)));
    }
    void take(const std::vector<Sent>& sent) {
        for (const Sent& s : sent) {
            if (s.frame.is_ipv4()) last_ = s;
        }
    }
    // A tick ends sessions, the next ones free their places.
    void pass(unsigned ms) {
        take(passes(ms));
        for (unsigned i = 0; i < 3; ++i) take(passes(0));
    }
    void disturb(uint8_t how) {
        switch (how % 3) {
            case 0: router_.restart_nat(); break;
            case 1:
                router_.nat()->clear_sessions({++clearings_, layout::NatSessionFilter{}});
                break;
            default: spare_buffers_ = how / 4 % 8 - size_t{1}; break;
        }
    }
    void check_tables() {
        const std::string wrong = tables_.contradiction();
        promise(wrong.empty(), wrong.c_str());
    }
    // All that is known has its time, and then ends.
    void give_up_everything() {
        constexpr unsigned longest_ms = 8'000'000;
        give_up_waiting();
        for (unsigned i = 0; i < 8 && live_sessions() > 0; ++i) pass(longest_ms);
        check_tables();
        promise(live_sessions() == 0, "every session ends");
        promise(router_.pool().outstanding() == 0, "no buffer is lost");
    }
    uint64_t live_sessions() const {
        return router_.tally(layout::Tally::nat_sessions_made) -
               router_.tally(layout::Tally::nat_sessions_ended);
    }

    NatCheck tables_{router_};
    std::optional<Sent> last_;
    uint64_t clearings_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Fuzzed fuzzed;
    fuzzed.run(Input(data, size));
    return 0;
}
