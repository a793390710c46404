// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/options.h"

#include <map>

#include <CLI/CLI.hpp>

#include "bench/generator/exit_code.h"
#include "bench/generator/options_texts.h"
#include "lib/layout/regions.h"

namespace sluice::generator {
namespace {

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

void declare_tunnels(CLI::App& group, Options& o, Texts& t) {
    auto* key = group.add_option("--gre-key", t.key, "the tunnels' key");
    key->each([&t](const std::string&) { t.has_key = true; });
    group.add_option("--tunnel-own", t.tunnel_own,
                     "our end of the tunnel, of the first of many (the right address)");
    group.add_option("--tunnel-router", t.tunnel_router,
                     "the router's end of it (the right gateway)");
    group
        .add_option("--tunnels", o.tunnels,
                    "so many, our ends at one address after the other, the hosts behind them "
                    "shared out evenly")
        ->check(CLI::Range(1u, 1u << 16))
        ->capture_default_str();
    group.add_option("--tunnel-hosts", t.tunnel_hosts,
                     "the hosts behind the tunnels (--right-hosts)");
}

void declare_workload(CLI::App& app, Options& o, Texts& t) {
    auto* group = app.add_option_group("Workload");
    group
        ->add_option("--workload", t.workload,
                     "routes, nat (the left is inside), gre or ipip (the tunnels are on the "
                     "right), mixed (flows forwarded, translated and into GRE, in turn)")
        ->check(CLI::IsMember({"routes", "nat", "gre", "ipip", "mixed"}))
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
    group->add_option("--nat-hosts", t.nat_hosts,
                      "mixed: the hosts on the left whose packets are translated");
    declare_tunnels(*group, o, t);
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
    mode->add_option("--loads", o.loads,
                     "and then at these shares of the rate that came back: 0.1,0.5,0.9")
        ->delimiter(',')
        ->check(CLI::Range(0.0, 1.0));
    mode->add_option("--seconds", o.seconds, "how long, each")->capture_default_str();
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

void declare_back_to_back(CLI::App& app, Options& o) {
    auto* mode = app.add_subcommand("back-to-back",
                                    "search the longest burst of which nothing is lost (RFC 9004)");
    mode->add_option("--most", o.most_packets, "of a burst")->capture_default_str();
    mode->add_option("--tests", o.tests, "searches (RFC 2544 wants 50)")->capture_default_str();
    mode->add_option("--throughput", o.pps,
                     "the rate that the router forwards (ndr), to tell its buffers by")
        ->transform(packets());
    mode->add_option("--width", o.width, "relative width of the interval it ends at")
        ->capture_default_str();
    mode->add_option("--repeats", o.repeats, "of a burst that lost some, before that is believed")
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
    o.mode = mode_of(mode.get_name());
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
    declare_back_to_back(app, options);
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

}  // namespace sluice::generator
