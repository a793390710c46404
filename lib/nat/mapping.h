// SPDX-License-Identifier: BSD-3-Clause
// A mapping (RFC 4787): an internal endpoint and the external one that stands for it, of one class
// of protocols. It lives as long as a session uses it, and the truth about it is one word, its
// slot, in an array that is indexed by the external endpoint:
//
//   free         0
//   mapped       internal address (32, neither 0 nor all ones) | internal port (16) | sessions (16)
//   shared       all ones (32) | 0 (16) | sessions (16): any internal endpoints,
//   endpoint-dependent;
//                who they are stands in the sessions
//   reserved     all ones (32) | 1 (16) | 0 (16): a forward's, handed out to nobody
//   quarantined  0 (32) | link (32, not 0): rests in a worker's list (quarantine.h)
//
// A mapped slot with 0 sessions is being made or being ended, by whoever made that step, and is
// what nobody else can use. So words change by compare-and-swap and never mean half of a thing.
#pragma once
#include <atomic>
#include <cstdint>

namespace sluice::nat {

// What has ports of its own. ICMP queries go by their identifier (RFC 5508). `address` is a whole
// external address for one internal address, whatever the protocol; its port is 0.
enum class PortClass : uint8_t { tcp, udp, icmp, address };
inline constexpr unsigned port_classes = 4;
inline constexpr uint32_t ports_a_class = 65536;
inline constexpr uint32_t most_addresses = 4096;
inline constexpr uint32_t most_sessions_a_mapping = 65535;

struct Endpoint {
    uint32_t address;  // host order, as all here
    uint16_t port;
    bool operator==(const Endpoint&) const noexcept = default;
};

// Both ends belong to it.
struct PortRange {
    uint16_t first;
    uint16_t last;
    bool operator==(const PortRange&) const noexcept = default;
};

// The external endpoint as a number below 2^30; what SessionFacts::mapping holds.
class MappingId {
  public:
    constexpr MappingId() noexcept = default;
    constexpr MappingId(PortClass port_class, uint32_t address_index, uint16_t port) noexcept
        : bits_((address_index * port_classes + static_cast<uint32_t>(port_class)) * ports_a_class +
                port) {}
    static constexpr MappingId from_bits(uint32_t bits) noexcept {
        MappingId id;
        id.bits_ = bits;
        return id;
    }
    constexpr uint32_t bits() const noexcept { return bits_; }
    constexpr bool exists() const noexcept { return bits_ != none; }
    constexpr uint16_t port() const noexcept { return static_cast<uint16_t>(bits_); }
    constexpr PortClass port_class() const noexcept {
        return static_cast<PortClass>(bits_ / ports_a_class % port_classes);
    }
    constexpr uint32_t address_index() const noexcept {
        return bits_ / ports_a_class / port_classes;
    }
    constexpr bool operator==(const MappingId&) const noexcept = default;

  private:
    static constexpr uint32_t none = ~uint32_t{0};
    uint32_t bits_ = none;
};

using Slot = std::atomic<uint64_t>;

// A slot's value.
class SlotWord {
  public:
    constexpr SlotWord() noexcept = default;
    constexpr explicit SlotWord(uint64_t bits) noexcept : bits_(bits) {}
    static constexpr SlotWord mapped(Endpoint internal, uint32_t sessions) noexcept {
        return SlotWord(uint64_t{internal.address} << 32 | uint64_t{internal.port} << 16 |
                        sessions);
    }
    static constexpr SlotWord shared(uint32_t sessions) noexcept {
        return mapped({nobody, 0}, sessions);
    }
    static constexpr SlotWord reserved() noexcept { return mapped({nobody, 1}, 0); }
    static constexpr SlotWord quarantined(uint32_t link) noexcept { return SlotWord(link); }

    constexpr uint64_t bits() const noexcept { return bits_; }
    constexpr bool is_free() const noexcept { return bits_ == 0; }
    constexpr bool is_mapped() const noexcept { return owner() != 0 && owner() != nobody; }
    constexpr bool is_shared() const noexcept { return (bits_ >> 16) == shared(0).bits_ >> 16; }
    constexpr bool is_reserved() const noexcept { return bits_ == reserved().bits_; }
    constexpr bool is_quarantined() const noexcept { return owner() == 0 && bits_ != 0; }

    constexpr Endpoint internal() const noexcept {
        return {owner(), static_cast<uint16_t>(bits_ >> 16)};
    }
    constexpr uint32_t sessions() const noexcept { return bits_ & 0xffff; }
    constexpr SlotWord with_sessions(uint32_t sessions) const noexcept {
        return SlotWord((bits_ & ~uint64_t{0xffff}) | sessions);
    }
    constexpr uint32_t link() const noexcept { return static_cast<uint32_t>(bits_); }

  private:
    static constexpr uint32_t nobody = ~uint32_t{0};
    constexpr uint32_t owner() const noexcept { return static_cast<uint32_t>(bits_ >> 32); }
    uint64_t bits_ = 0;
};

}  // namespace sluice::nat
