// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

// One interface, lan, with these members on line 2.
std::string lan_with(const std::string& members) {
    return "{\"interfaces\": {\"lan\": {\"device\": \"net_tap0\",\n" + members + "}}}";
}

std::vector<std::string> told_of_address(const std::string& address) {
    return told(lan_with("\"addresses\": [\"" + address + "\"]"));
}

TEST(Interfaces, AreReadWhole) {
    const auto config = accepted(R"({"interfaces": {"wan": {
        "device": "0000:00:06.0", "description": "uplink", "enabled": false,
        "addresses": ["203.0.113.2/24", "203.0.113.3/24"], "mtu": 9001, "mac": "02:00:00:00:00:0A",
        "rx_queues": 4, "rx_descriptors": 2048, "tx_descriptors": 512, "promiscuous": true,
        "proxy_arp": true, "redirects": false, "reverse_path": "strict",
        "directed_broadcast": true, "source_routing": true}}})");
    ASSERT_EQ(config.interfaces.size(), 1U);
    const Interface& wan = config.interfaces[0];
    EXPECT_EQ(wan.name, "wan");
    EXPECT_EQ(wan.device, "0000:00:06.0");
    EXPECT_EQ(wan.description, "uplink");
    EXPECT_FALSE(wan.enabled);
    EXPECT_THAT(wan.addresses, ElementsAre(net::InterfaceAddress{net::addr(203, 0, 113, 2), 24},
                                           net::InterfaceAddress{net::addr(203, 0, 113, 3), 24}));
    EXPECT_EQ(wan.mtu, 9001);
    EXPECT_EQ(wan.mac, net::parse_mac("02:00:00:00:00:0a"));
    EXPECT_EQ(wan.rx_queues, 4);
    EXPECT_EQ(wan.rx_descriptors, 2048);
    EXPECT_EQ(wan.tx_descriptors, 512);
    EXPECT_TRUE(wan.promiscuous && wan.proxy_arp && wan.directed_broadcast && wan.source_routing);
    EXPECT_FALSE(wan.redirects);
    EXPECT_EQ(wan.reverse_path, ReversePath::strict);
}

TEST(Interfaces, ComeInTheOrderOfTheirNames) {
    const auto config = accepted(router_with(R"("arp": {})"));
    ASSERT_EQ(config.interfaces.size(), 2U);
    EXPECT_EQ(config.interfaces[0].name, "lan");
    EXPECT_EQ(config.interfaces[1].name, "wan");
}

TEST(Interfaces, TakePciAddressesAndDpdkDeviceArguments) {
    for (const char* device :
         {"0000:00:06.0", "00:06.0", "0000:3B:00.1,large_llq_hdr=1", "net_af_packet0,iface=veth0",
          "net_tap0,iface=tap0", "net_virtio_user0,path=/tmp/x",
          "net_af_xdp0,iface=e,start_queue=0", "net_memif,role=client", "net_ring0", "net_null0",
          "net_pcap0,rx_pcap=a.pcap", "auxiliary:mlx5_core.sf.4"}) {
        EXPECT_THAT(told(fmt::format(R"({{"interfaces": {{"a": {{"device": "{}"}}}}}})", device)),
                    IsEmpty());
    }
}

TEST(Interfaces, WithoutADeviceAreToldWhatOneIs) {
    EXPECT_THAT(told("{\"interfaces\": {\n\"lan\": {}}}"),
                ElementsAre("c.json:2: interfaces.lan: lacks \"device\": a PCI address such as "
                            "0000:00:06.0, or a DPDK device argument such as net_tap0,iface=tap0"));
}

TEST(Interfaces, WithAKernelsNameForADeviceAreToldWhatOneIs) {
    EXPECT_THAT(
        told(R"({"interfaces": {"lan": {"device": "eth0"}}})"),
        ElementsAre("c.json:1: interfaces.lan.device: \"eth0\" should be a PCI address such as "
                    "0000:00:06.0, or a DPDK device argument such as net_tap0,iface=tap0"));
}

TEST(Interfaces, WithOneAnothersDeviceAreTold) {
    EXPECT_THAT(
        told("{\"interfaces\": {\n\"a\": {\"device\": \"0000:00:06.0\"},\n"
             "\"b\": {\"device\": \"00:06.0,llq=1\"}}}"),
        ElementsAre("c.json:3: interfaces.b.device: \"00:06.0,llq=1\" is already the device "
                    "of a (line 2)"));
}

TEST(Interfaces, WhoseDriverWouldWaitForAPeerAreRefused) {
    const auto of = [](const char* device) {
        return told(fmt::format(R"({{"interfaces": {{"a": {{"device": "{}"}}}}}})", device));
    };
    EXPECT_THAT(of("net_virtio_user0,path=/run/v.sock,server=1"),
                ElementsAre(HasSubstr("would stop the router until its peer connects")));
    EXPECT_THAT(of("net_virtio_user0,server=1,path=/run/v.sock"), testing::SizeIs(1));
    EXPECT_THAT(of("net_virtio_user0,path=/run/v.sock,server=0"), IsEmpty());
    EXPECT_THAT(of("net_virtio_user0,path=/run/server=1"), IsEmpty());
    EXPECT_THAT(of("net_vhost0,iface=/run/v.sock,server=1"), IsEmpty());
}

TEST(Interfaces, WithABadNameAreToldWhatAGoodOneIs) {
    for (const char* name : {"WAN", "1wan", "", "a234567890123456", "wan 1"}) {
        EXPECT_THAT(told(fmt::format(
                        "{{\"interfaces\": {{\n\"{}\": {{\"device\": \"net_tap0\"}}}}}}", name)),
                    ElementsAre(HasSubstr(fmt::format(
                        "\"{}\" should be a name of an interface: a letter a-z, then at most 14 of "
                        "a-z, 0-9, '_', '.' and '-'",
                        name))));
    }
    EXPECT_THAT(told(R"({"interfaces": {"a.2_3-56789012345"  : {"device": "net_tap0"}}})"),
                ElementsAre(HasSubstr("should be a name")));
    EXPECT_THAT(told(R"({"interfaces": {"a.2_3-567890123"  : {"device": "net_tap0"}}})"),
                IsEmpty());
}

TEST(Interfaces, WithAnUnknownKeyAreToldTheNearest) {
    EXPECT_THAT(told(lan_with(R"("promiscous": true)")),
                ElementsAre("c.json:2: interfaces.lan.promiscous: there is no \"promiscous\" here; "
                            "did you mean \"promiscuous\"?"));
    EXPECT_THAT(
        told(lan_with(R"("colour": "red")")),
        ElementsAre(HasSubstr("there is no \"colour\" here; known are addresses, description, ")));
}

TEST(Interfaces, WithSeveralUnknownKeysAreToldEachOfThem) {
    EXPECT_THAT(
        told(lan_with("\"mut\": 1,\n\"dvice\": 2")),
        ElementsAre("c.json:2: interfaces.lan.mut: there is no \"mut\" here; did you mean \"mtu\"?",
                    "c.json:3: interfaces.lan.dvice: there is no \"dvice\" here; did you mean "
                    "\"device\"?"));
}

TEST(Interfaces, WithAValueOutOfRangeAreToldTheRange) {
    EXPECT_THAT(
        told(lan_with(R"("mtu": 67)")),
        ElementsAre("c.json:2: interfaces.lan.mtu: 67 should be a whole number from 68 to 9216"));
    EXPECT_THAT(
        told(lan_with(R"("mtu": 9217)")),
        ElementsAre("c.json:2: interfaces.lan.mtu: 9217 should be a whole number from 68 to 9216"));
    EXPECT_THAT(told(lan_with(R"("rx_descriptors": 63)")),
                ElementsAre("c.json:2: interfaces.lan.rx_descriptors: 63 should be a whole number "
                            "from 64 to 16384"));
    EXPECT_THAT(told(lan_with(R"("rx_queues": "all")")),
                ElementsAre("c.json:2: interfaces.lan.rx_queues: \"all\" should be \"auto\" or a "
                            "whole number from 1 to 32"));
    EXPECT_THAT(told(lan_with(R"("enabled": "yes")")),
                ElementsAre("c.json:2: interfaces.lan.enabled: \"yes\" should be true or false"));
    EXPECT_THAT(told(lan_with(R"("reverse_path": "tight")")),
                ElementsAre("c.json:2: interfaces.lan.reverse_path: \"tight\" should be \"off\", "
                            "\"strict\" or \"loose\""));
    EXPECT_THAT(told(lan_with("\"description\": \"" + std::string(300, 'x') + "\"")),
                ElementsAre(HasSubstr("is too long; at most 255 characters are allowed")));
}

TEST(Interfaces, WithAMacNoStationCanHaveAreTold) {
    EXPECT_THAT(
        told(lan_with(R"("mac": "01:00:5e:00:00:01")")),
        ElementsAre("c.json:2: interfaces.lan.mac: \"01:00:5e:00:00:01\" is a multicast address; "
                    "one station's address has an even first byte, such as 02:00:00:00:00:01"));
    EXPECT_THAT(told(lan_with(R"("mac": "00:00:00:00:00:00")")),
                ElementsAre(HasSubstr("\"00:00:00:00:00:00\" is no address; ")));
    EXPECT_THAT(
        told(lan_with(R"("mac": "02-00-00-00-00-01")")),
        ElementsAre("c.json:2: interfaces.lan.mac: \"02-00-00-00-00-01\" should be \"auto\" or "
                    "a MAC address such as 02:00:00:00:00:01"));
}

TEST(Interfaces, WithTextThatIsNoAddressAreToldWhatOneIs) {
    const std::string what = "address with the length of its network, such as 192.0.2.1/24";
    for (const char* text : {"10.0.0.300/24", "10.0.0.1/33", "010.0.0.1/24"}) {
        EXPECT_THAT(told_of_address(text),
                    ElementsAre(fmt::format("c.json:2: interfaces.lan.addresses[0]: \"{}\" should "
                                            "be an IPv4 {}",
                                            text, what)));
    }
    for (const char* text : {"10.0.0.1", "lan", ""}) {
        EXPECT_THAT(told_of_address(text),
                    ElementsAre(fmt::format("c.json:2: interfaces.lan.addresses[0]: \"{}\" should "
                                            "be an IPv4 or IPv6 {} or 2001:db8::1/64",
                                            text, what)));
    }
    EXPECT_THAT(
        told(lan_with(R"("addresses": "10.0.0.1/24")")),
        ElementsAre("c.json:2: interfaces.lan.addresses: \"10.0.0.1/24\" should be a list"));
}

TEST(Interfaces, WithAnAddressNoHostCanHaveAreToldWhy) {
    const std::string at = "c.json:2: interfaces.lan.addresses[0]: ";
    EXPECT_THAT(told_of_address("10.0.0.0/24"),
                ElementsAre(at + "\"10.0.0.0/24\" is the network's own address, of 10.0.0.0/24"));
    EXPECT_THAT(told_of_address("10.0.0.255/24"),
                ElementsAre(at + "\"10.0.0.255/24\" is the broadcast address of 10.0.0.0/24"));
    EXPECT_THAT(told_of_address("224.0.0.5/24"),
                ElementsAre(at + "\"224.0.0.5/24\" is a multicast address"));
    EXPECT_THAT(told_of_address("127.0.0.1/8"),
                ElementsAre(at + "\"127.0.0.1/8\" is a loopback address"));
    EXPECT_THAT(told_of_address("0.1.2.3/8"),
                ElementsAre(at + "\"0.1.2.3/8\" is of 0.0.0.0/8, which is no host's"));
    EXPECT_THAT(told_of_address("255.255.255.255/32"),
                ElementsAre(at + "\"255.255.255.255/32\" is the limited broadcast address"));
    EXPECT_THAT(told_of_address("240.0.0.1/24"),
                ElementsAre(at + "\"240.0.0.1/24\" is of 240.0.0.0/4, which is reserved"));
    EXPECT_THAT(told_of_address("10.0.0.1/0"),
                ElementsAre(at + "\"10.0.0.1/0\" has length 0, which is every network there is"));
}

TEST(Interfaces, MayUseBothAddressesOfAPointToPointLink) {  // RFC 3021
    EXPECT_THAT(told_of_address("10.0.0.0/31"), IsEmpty());
    EXPECT_THAT(told_of_address("10.0.0.1/31"), IsEmpty());
    EXPECT_THAT(told_of_address("10.0.0.7/32"), IsEmpty());
}

TEST(Interfaces, WithTheSameAddressAreTold) {
    EXPECT_THAT(
        told("{\"interfaces\": {\n\"a\": {\"device\": \"net_tap0\", \"addresses\": "
             "[\"10.0.0.1/24\"]},\n"
             "\"b\": {\"device\": \"net_tap1\", \"addresses\": [\"10.0.0.1/24\"]}}}"),
        ElementsAre("c.json:3: interfaces.b.addresses[0]: \"10.0.0.1/24\" is already an address "
                    "of a (line 2)"));
}

TEST(Interfaces, WithNetworksThatOverlapAreTold) {
    EXPECT_THAT(
        told("{\"interfaces\": {\n\"a\": {\"device\": \"net_tap0\", \"addresses\": "
             "[\"10.0.0.1/8\"]},\n"
             "\"b\": {\"device\": \"net_tap1\", \"addresses\": [\"10.9.0.1/24\"]}}}"),
        ElementsAre("c.json:3: interfaces.b.addresses[0]: \"10.9.0.1/24\" overlaps \"10.0.0.1/8\" "
                    "of a (line 2)"));
}

TEST(Interfaces, MayHaveSeveralAddressesInOneNetwork) {
    EXPECT_THAT(told(lan_with(R"("addresses": ["10.0.0.1/24", "10.0.0.2/24"])")), IsEmpty());
}

TEST(Interfaces, AreAtMost64) {
    std::string text = "{\"interfaces\": {\n";
    for (int i = 0; i < 65; ++i) {
        text += fmt::format("{}\"i{}\": {{\"device\": \"net_tap{}\"}}", i > 0 ? "," : "", i, i);
    }
    EXPECT_THAT(told(text + "}}"),
                ElementsAre("c.json:1: interfaces: has 65 entries; at most 64 are allowed"));
}

TEST(Interfaces, HaveAtMost8192AddressesInAll) {
    std::string text = "{\"interfaces\": {\n";
    for (int i = 0; i < 3; ++i) {
        text += fmt::format("{}\"i{}\": {{\"device\": \"net_tap{}\", \"addresses\": [",
                            i > 0 ? ",\n" : "", i, i);
        for (int j = 0; j < 2731; ++j)
            text += fmt::format("{}\"10.{}.{}.{}/32\"", j > 0 ? "," : "", i, j >> 8, j & 255);
        text += "]}";
    }
    EXPECT_THAT(
        told(text + "}}"),
        ElementsAre("c.json:4: interfaces.i2.addresses[2730]: one address more than the 8192 that "
                    "all interfaces together can have"));
}

}  // namespace
}  // namespace sluice::config
