// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/options.h"

#include <map>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "bench/generator/exit_code.h"
#include "lib/layout/regions.h"

namespace sluice::generator {
namespace {

const std::map<std::string, Workload> workload_names{{"routes", Workload::routes},
                                                     {"nat", Workload::nat},
                                                     {"gre", Workload::gre},
                                                     {"ipip", Workload::ipip}};
const std::map<std::string, Draw> draw_names{
    {"uniform", Draw::uniform}, {"in-route", Draw::in_route}, {"zipf", Draw::zipf}};
const std::map<std::string, Mode> mode_names{
    {"rate", Mode::rate}, {"ndr", Mode::ndr}, {"pdr", Mode::pdr}, {"soak", Mode::soak}};

template <typename Value>
std::string key_of(const std::map<std::string, Value>& names, Value value) {
    for (const auto& [name, each] : names) {
        if (each == value) return name;
    }
    return "?";
}

// What CLI11 hands over as text and is not yet what Options want.
struct Texts {
    struct Side {
        std::string address, gateway, gateway_mac, hosts;
    };
    Side left, right;
    std::string workload = "routes", direction = "right", draw = "in-route", sizes = "64", prefixes;
    std::string tunnel_own, tunnel_router;
    bool has_key = false;
    uint32_t key = 0;
};

template <typename Value>
Value must(const char* option, const std::string& text, std::optional<Value> value,
           const char* like) {
    if (value) return *value;
    throw std::invalid_argument(std::string(option) + ": \"" + text + "\" is not like " + like);
}

net::Ipv4Address address_of(const char* option, const std::string& text) {
    return must(option, text, net::parse_address(text), "10.1.0.1");
}

void complete(SideOptions& side, const Texts::Side& t) {
    side.address =
        must("address", t.address, net::parse_interface_address(t.address), "10.1.0.2/24");
    side.gateway = address_of("gateway", t.gateway);
    side.hosts = net::Ipv4Prefix::of(side.address.address, 32);
    if (!t.hosts.empty())
        side.hosts = must("hosts", t.hosts, net::parse_prefix(t.hosts), "10.1.0.0/24");
    if (t.gateway_mac.empty()) return;
    side.gateway_mac =
        must("gateway-mac", t.gateway_mac, net::parse_mac(t.gateway_mac), "02:00:00:00:00:01");
}

void complete(Options& o, const Texts& t) {
    complete(o.left, t.left);
    complete(o.right, t.right);
    o.workload = workload_names.at(t.workload);
    o.draw = draw_names.at(t.draw);
    o.to_right = t.direction != "left";
    o.to_left = t.direction != "right";
    if (o.workload == Workload::nat && !o.to_right) {
        throw std::invalid_argument(
            "--workload nat: replies alone can not be, for what is to be "
            "replied to? Take --direction both");
    }
    if (!o.pcap_file.empty() && (o.workload != Workload::routes || o.to_left)) {
        throw std::invalid_argument("--pcap goes to the right, with --workload routes");
    }
    o.sizes = parse_sizes(t.sizes);
    o.destinations = t.prefixes.empty() ? Prefixes{o.right.hosts} : read_prefixes(t.prefixes);
    if (t.has_key) o.gre_key = t.key;
    o.tunnel_own =
        t.tunnel_own.empty() ? o.right.address.address : address_of("--tunnel-own", t.tunnel_own);
    o.tunnel_router =
        t.tunnel_router.empty() ? o.right.gateway : address_of("--tunnel-router", t.tunnel_router);
}

void declare_side(CLI::App& app, const std::string& name, SideOptions& side, Texts::Side& t) {
    auto* group = app.add_option_group("The port on the " + name);
    group
        ->add_option("--" + name, side.device,
                     "DPDK device: memif, vhost, virtio-user, AF_PACKET, "
                     "AF_XDP, ring, TAP, PCI address, with its arguments")
        ->required();
    group
        ->add_option("--" + name + "-address", t.address,
                     "its own address and network: 10.1.0.2/24")
        ->required();
    group->add_option("--" + name + "-gateway", t.gateway, "the router's address there")
        ->required();
    group->add_option("--" + name + "-gateway-mac", t.gateway_mac,
                      "the router's MAC address, instead of asking by ARP");
    group->add_option("--" + name + "-hosts", t.hosts,
                      "hosts behind the port: a prefix (the own address alone)");
}

void declare_workload(CLI::App& app, Options& o, Texts& t) {
    auto* group = app.add_option_group("Workload");
    group
        ->add_option("--workload", t.workload,
                     "routes, nat (the left is inside), gre or ipip (the tunnel is on the right)")
        ->check(CLI::IsMember({"routes", "nat", "gre", "ipip"}))
        ->capture_default_str();
    group->add_option("--direction", t.direction, "where traffic goes: right, left or both")
        ->check(CLI::IsMember({"right", "left", "both"}))
        ->capture_default_str();
    group
        ->add_option(
            "--size", t.sizes,
            "of frames, check sequence included: 64, imix, or sizes with weights: 64:7,1518:1")
        ->capture_default_str();
    group->add_option("--flows", o.flows, "flows at a time")
        ->check(CLI::Range(1u, 16u << 20))
        ->capture_default_str();
    group->add_option("--new-flows", o.new_flows, "share of packets that begin a new flow: 0.001")
        ->check(CLI::Range(0.0, 1.0));
    group->add_option(
        "--prefixes", t.prefixes,
        "file of prefixes on the right, a line each (may be .gz), instead of --right-hosts");
    group
        ->add_option("--draw", t.draw,
                     "destinations: uniform (any address that has a route), in-route (any prefix, "
                     "any address in it), zipf (some prefixes far oftener than others)")
        ->check(CLI::IsMember({"uniform", "in-route", "zipf"}))
        ->capture_default_str();
    group->add_option("--pcap", o.pcap_file,
                      "send the IPv4 packets of this capture instead, again and again; what comes "
                      "back is counted, and only its checksum looked at");
    auto* key = group->add_option("--gre-key", t.key, "the tunnel's key");
    key->each([&t](const std::string&) { t.has_key = true; });
    group->add_option("--tunnel-own", t.tunnel_own, "our end of the tunnel (the right address)");
    group->add_option("--tunnel-router", t.tunnel_router,
                      "the router's end of it (the right gateway)");
    group->add_option("--hops", o.hops, "by how much the TTL falls on the way: 0 through a switch")
        ->capture_default_str();
    group->add_option("--seed", o.seed, "of all that is drawn")->capture_default_str();
}

void declare_machine(CLI::App& app, Options& o) {
    auto* group = app.add_option_group("Machine");
    group->add_option("--core", o.core, "the one core it works on (the first that it may use)");
    group->add_flag("--no-huge", o.no_huge, "use no huge pages");
    group->add_option("--memory", o.memory_mib, "packet memory, MiB");
    group->add_option("--buffers", o.buffers, "packet buffers")->capture_default_str();
    group->add_option("--descriptors", o.descriptors, "of each queue (the device's default)");
    group->add_option("--wait", o.wait_s, "seconds for links, ARP and the first packets to come")
        ->capture_default_str();
    group
        ->add_option("--opening-rate", o.opening_pps,
                     "NAT: flows opened a second, before anything is measured")
        ->capture_default_str();
    group
        ->add_option("--drain", o.drain_s, "seconds of silence after which what is missing is lost")
        ->capture_default_str();
    group->add_option("--json", o.json_file, "where the result goes (- is standard output)")
        ->capture_default_str();
}

CLI::AsNumberWithUnit packets() {
    return CLI::AsNumberWithUnit(std::map<std::string, double>{{"k", 1e3}, {"M", 1e6}},
                                 CLI::AsNumberWithUnit::CASE_SENSITIVE);
}

void declare_rate(CLI::App& app, Options& o) {
    auto* mode = app.add_subcommand(
        "rate", "send at one rate, or all that can be sent; tell loss and latency");
    mode->add_option("--pps", o.pps,
                     "packets a second and direction: 500k, 1.5M (all that can be sent)")
        ->transform(packets());
    mode->add_option("--seconds", o.seconds, "how long")->capture_default_str();
    mode->add_option("--allow-loss", o.allowed_loss,
                     "share of packets that may be lost (at a rate: 0)");
}

void declare_search(CLI::App& app, Options& o, const std::string& name, const std::string& what) {
    auto* mode = app.add_subcommand(name, what);
    mode->add_option("--trial", o.seconds, "seconds of a trial (RFC 2544 wants 60)")
        ->capture_default_str();
    mode->add_option("--loss", o.allowed_loss,
                     "share of packets that may be lost (ndr: 0, pdr: 0.005)");
    mode->add_option("--width", o.width, "relative width of the interval it ends at")
        ->capture_default_str();
    mode->add_option("--repeats", o.repeats, "of a trial that lost more, before that is believed")
        ->capture_default_str();
}

void declare_soak(CLI::App& app, Options& o) {
    auto* mode =
        app.add_subcommand("soak", "send for long and tell now and then; ends with a signal too");
    mode->add_option("--pps", o.pps, "packets a second and direction")
        ->transform(packets())
        ->required();
    mode->add_option("--seconds", o.seconds, "how long (until a signal)");
    mode->add_option("--interval", o.interval_s, "seconds from one line to the next")
        ->capture_default_str();
    mode->add_option("--allow-loss", o.allowed_loss, "share of packets that may be lost")
        ->capture_default_str();
}

// What is to be where the command line says nothing depends on the mode.
void set_defaults(const CLI::App& mode, Options& o) {
    o.mode = mode_names.at(mode.get_name());
    const auto given = [&mode](const char* name) {
        const CLI::Option* option = mode.get_option_no_throw(name);
        return option != nullptr && option->count() > 0;
    };
    if (o.mode == Mode::rate && o.pps == 0 && !given("--allow-loss")) o.allowed_loss = 1;
    if (o.mode == Mode::pdr && !given("--loss")) o.allowed_loss = 0.005;
    if (o.mode == Mode::soak && !given("--seconds")) o.seconds = 0;
    if ((o.mode == Mode::ndr || o.mode == Mode::pdr) && !given("--trial")) o.seconds = 5;
}

}  // namespace

std::optional<int> parse_options(int argc, char** argv, Options& options) {
    CLI::App app{"Sends traffic through a router and checks what comes back.", "sluice-bench"};
    Texts texts;
    app.set_version_flag("--version", layout::version);
    app.require_subcommand(1);
    app.fallthrough();
    app.footer(
        "The result is JSON. Exit status: 0 well, 1 can not work, 2 wrong usage, 3 packets "
        "were lost or wrong.");
    declare_side(app, "left", options.left, texts.left);
    declare_side(app, "right", options.right, texts.right);
    declare_workload(app, options, texts);
    declare_machine(app, options);
    declare_rate(app, options);
    declare_search(app, options, "ndr", "search the highest rate at which nothing is lost");
    declare_search(app, options, "pdr", "search the highest rate at which little is lost");
    declare_soak(app, options);
    try {
        app.parse(argc, argv);
        set_defaults(*app.get_subcommands().front(), options);
        complete(options, texts);
    } catch (const CLI::ParseError& end) {
        return app.exit(end) == 0 ? exit_well : exit_misuse;
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "sluice-bench: %s\n", wrong.what());
        return exit_misuse;
    }
    return {};
}

std::string to_string(Mode mode) { return key_of(mode_names, mode); }
std::string to_string(Workload workload) { return key_of(workload_names, workload); }
std::string to_string(Draw draw) { return key_of(draw_names, draw); }
const char* to_string(Direction direction) {
    return direction == Direction::right ? "right" : "left";
}

}  // namespace sluice::generator
