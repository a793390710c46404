// SPDX-License-Identifier: BSD-3-Clause
// The control process is broken or hostile: what it has published is a sound configuration in which
// the input has changed some bytes. Either the dataplane refuses it, or it makes a plan; then
// packets of all kinds go through, and nothing leads outside of memory, hangs, or costs a buffer.
#include <cstring>
#include <stdexcept>

#include "lib/layout/publish.h"
#include "test/fuzz/input.h"
#include "test/support/test_router.h"

namespace {

using namespace sluice;
using namespace sluice::test;

constexpr auto config = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"], "proxy_arp": true },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"], "mtu": 1000 }
  },
  "tunnels": {
    "gre":  { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.9", "key": 7,
              "checksum": true, "sequence": true, "addresses": ["172.31.0.1/30"] },
    "ipip": { "type": "ipip", "local": "203.0.113.2", "remote": "198.51.100.11" }
  },
  "routes": [
    { "prefix": "198.51.100.0/24", "via": "203.0.113.1" },
    { "prefix": "192.0.2.0/24", "via": ["203.0.113.1", "203.0.113.3"] },
    { "prefix": "10.8.0.0/16", "type": "unreachable" },
    { "prefix": "10.9.0.0/16", "interface": "gre" },
    { "prefix": "10.12.0.0/16", "interface": "ipip" }
  ],
  "neighbours": [
    { "interface": "wan", "address": "203.0.113.1", "mac": "02:00:00:00:01:01" },
    { "interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:09" }
  ],
  "nat": [
    { "type": "exempt", "from": "10.0.0.0/24", "destination": "192.0.2.3" },
    { "type": "static", "in": "wan", "out": "wan", "external": "203.0.113.72/30",
      "internal": "10.0.0.8/30" },
    { "type": "dynamic", "out": "wan", "from": "10.0.0.4-10.0.0.6",
      "to": "203.0.113.64-203.0.113.65" },
    { "type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
      "to": ["10.0.0.9:8080", "10.0.0.4:8080"], "health": { "probe": "tcp" } },
    { "type": "source", "out": "wan", "from": "10.0.0.2", "to": "203.0.113.80-203.0.113.81",
      "port_choice": "blocks", "block_size": 64 },
    { "type": "source", "out": "wan", "from": "10.0.0.0/24", "to": "interface" }
  ],
  "sessions": { "max": 64 }
})";
constexpr std::array hosts{"10.0.0.2", "10.0.0.5", "10.0.0.8", "10.0.0.9", "198.51.100.9"};
constexpr std::array destinations{"192.0.2.1",    "192.0.2.3",  "10.9.0.1",     "10.12.0.1",
                                  "10.8.0.1",     "10.0.0.9",   "203.0.113.2",  "203.0.113.72",
                                  "203.0.113.80", "172.31.0.1", "198.51.100.9", "203.0.113.255"};
constexpr std::array<uint16_t, 4> ports{80, 1024, 5000, 40000};

struct Span {
    void* at;
    size_t bytes;
};

class Fuzzed {
  public:
    void run(Input input) {
        publish_sound();
        for (unsigned changes = input.byte() % 16; changes > 0; --changes) change(input);
        try {
            router_.take_plan();
        } catch (const std::runtime_error&) {  // refused, with the reason in words
            return start_over();
        }
        while (!input.empty()) receive(input);
        start_over();
        promise(router_.pool().outstanding() == 0, "no buffer is lost");
    }

  private:
    layout::Snapshot& published() {
        layout::Intent& intent = router_.intent_memory();
        return intent.snapshots[(intent.published.load() & 0xff) % layout::snapshot_slots];
    }

    // The sound one, as if control had published it again.
    void publish_sound() {
        layout::Intent& intent = router_.intent_memory();
        layout::Snapshot& at = published();
        std::memcpy(static_cast<void*>(&at), sound_.get(), sizeof at);
        at.generation = ++generation_;
        const uint64_t slot = intent.published.load() & 0xff;
        intent.published.store(generation_ << 8 | slot);
    }

    void start_over() {
        publish_sound();
        router_.take_plan();
        router_.start_anew();
    }

    // Where a change is most likely to be believed, or anywhere.
    Span part(Input& input) {
        layout::Snapshot& s = published();
        switch (input.byte() % 14) {
            case 0: return {&s.dataplane, sizeof s.dataplane};
            case 1: return {&s.arp, sizeof s.arp};
            case 2: return {&s.icmp, sizeof s.icmp};
            case 3: return {&s.address_count, 4 * sizeof s.address_count};
            case 4: return {s.interfaces, 3 * sizeof *s.interfaces};
            case 5: return {s.tunnels, 3 * sizeof *s.tunnels};
            case 6: return {s.addresses, 4 * sizeof *s.addresses};
            case 7: return {s.neighbours, 3 * sizeof *s.neighbours};
            case 8: return {s.next_hops, 64 * sizeof *s.next_hops};
            case 9: return {s.members, 8 * sizeof *s.members};
            case 10: return {&s.nat.settings, sizeof s.nat.settings};
            case 11: return {s.nat.rules, 7 * sizeof *s.nat.rules};
            case 12: return {s.nat.ranges, 24 * sizeof *s.nat.ranges};
            default: return {s.nat.targets, 3 * sizeof *s.nat.targets};
        }
    }

    void change(Input& input) {
        const Span span = part(input);
        const Bytes bytes = input.bytes(1u << input.byte() % 3);
        const size_t at = input.word() % span.bytes;
        std::copy_n(bytes.begin(), std::min(bytes.size(), span.bytes - at),
                    static_cast<uint8_t*>(span.at) + at);
    }

    void receive(Input& input) {
        const uint8_t how = input.byte();
        Ipv4Builder b;
        b.from(input.one_of(hosts)).to(input.one_of(destinations)).ttl(how % 16 == 0 ? 1 : 64);
        const uint16_t from = input.one_of(ports), to = input.one_of(ports);
        switch (how >> 4 & 3) {
            case 0: b.udp(from, to); break;
            case 1: b.tcp(from, to, 0x02); break;
            case 2: b.echo_request(from, to); break;
            case 3: b.protocol(how & 1 ? 47 : 4); break;
        }
        b.payload(how % 8 == 0 ? 1400 : 40);
        router_.receives((how & 128) != 0 ? "wan" : "lan", b);
        if (how % 32 == 0) router_.waits(std::chrono::milliseconds(200));
    }

    TestRouter router_{config};
    std::unique_ptr<layout::Snapshot> sound_ = std::make_unique<layout::Snapshot>(published());
    uint64_t generation_ = sound_->generation;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Fuzzed& fuzzed = *new Fuzzed;
    fuzzed.run(Input(data, size));
    return 0;
}
