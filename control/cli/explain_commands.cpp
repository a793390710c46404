// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <pcap/pcap.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Explain {
    std::string in, src, dst, proto, hex;
    uint32_t sport = 40000, dport = 53, ttl = 64, size = 64, tos = 0;
    bool df = false;
};

struct Trace {
    uint32_t count = 10;
    double timeout_s = 0;
    std::string interface;
    std::vector<std::string> filter;
};

json params_of(const Explain& e) {
    json params{{"in", e.in}};
    if (!e.hex.empty()) {
        params["hex"] = e.hex;
        return params;
    }
    if (e.dst.empty()) throw CLI::RequiredError("--dst or --hex");
    params.update({{"dst", e.dst},
                   {"sport", e.sport},
                   {"dport", e.dport},
                   {"ttl", e.ttl},
                   {"size", e.size},
                   {"tos", e.tos},
                   {"df", e.df}});
    if (!e.src.empty()) params["src"] = e.src;
    if (!e.proto.empty()) params["proto"] = e.proto;
    return params;
}

void print_step(const json& step) {
    const bool dropped = step.value("result", "") == "dropped";
    const bool finished = step.value("result", "") == "finished";
    const std::string mark = dropped    ? in_colour(Colour::red, "drop")
                             : finished ? in_colour(Colour::green, "done")
                                        : "pass";
    const std::string details = step.value("details", "");
    const std::string reason =
        dropped ? " " + in_colour(Colour::red, step.value("reason", "")) : "";
    fmt::print("  {}  {:<20} {}{}\n", mark, step.value("step", ""),
               details.empty() ? in_colour(Colour::grey, step.value("question", "")) : details,
               reason);
}

void print_packet(const json& p) {
    fmt::print("{}, in by {}\n", in_colour(Colour::bold, p.value("packet", "")), p.value("in", ""));
    for (const json& step : p["steps"]) print_step(step);
    const std::string verdict = p.value("verdict", "");
    if (verdict == "dropped") {
        fmt::print("  {} {}; {}\n", in_colour(Colour::red, "dropped:"), p.value("sentence", ""),
                   p.value("advice", ""));
    } else if (verdict == "held") {
        fmt::print("  {} it waits for the next hop's MAC address\n",
                   in_colour(Colour::yellow, "held:"));
    }
}

void print_explained(const json& answer) {
    if (answer["assumed"]) {
        fmt::print("{}\n", in_colour(Colour::yellow,
                                     "no dataplane has run: every interface is taken "
                                     "to be up, no neighbour to be known"));
    }
    print_packet(answer);
    for (const json& out : answer["leaving"]) {
        fmt::print("  {} {} to {}: {}\n", in_colour(Colour::green, "leaves by"),
                   out.value("interface", ""), out.value("to_mac", ""), out.value("packet", ""));
    }
    if (answer["leaving"].empty()) fmt::print("  nothing leaves\n");
}

// Compiled here and not in control: a filter may name hosts, and libpcap then asks name servers.
json compile(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    json list = json::array();
    if (text.empty()) return list;
    constexpr int whole_frame = 65535, optimise = 1;
    const std::unique_ptr<pcap_t, void (*)(pcap_t*)> dead(pcap_open_dead(DLT_EN10MB, whole_frame),
                                                          pcap_close);
    bpf_program program{};
    if (pcap_compile(dead.get(), &program, text.c_str(), optimise, PCAP_NETMASK_UNKNOWN) != 0) {
        throw std::runtime_error(fmt::format("filter \"{}\": {}", text, pcap_geterr(dead.get())));
    }
    for (unsigned i = 0; i < program.bf_len; ++i) {
        const bpf_insn& in = program.bf_insns[i];
        list.push_back({in.code, in.jt, in.jf, in.k});
    }
    pcap_freecode(&program);
    return list;
}

void trace(Session& session, const Trace& t) {
    json params{{"count", t.count}, {"filter", compile(t.filter)}};
    if (!t.interface.empty()) params["interface"] = t.interface;
    const json number = session.client().call("trace.start", params)["trace"];
    std::signal(SIGINT, [](int) { interrupted = 1; });
    const auto begin = std::chrono::steady_clock::now();
    uint64_t after = 0;
    uint32_t seen = 0;
    while (seen < t.count && interrupted == 0) {
        const json answer =
            session.client().call("trace.read", {{"trace", number}, {"after", after}});
        after = answer["next"].get<uint64_t>();
        for (const json& packet : answer["packets"]) {
            ++seen;
            if (session.json_output) {
                fmt::print("{}\n", packet.dump());
            } else {
                print_packet(packet);
            }
        }
        std::fflush(stdout);
        if (answer["replaced"]) {
            fmt::print(stderr, "sluice: another trace has taken this one's place\n");
            break;
        }
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        if (t.timeout_s > 0 && taken.count() >= t.timeout_s) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    session.client().call("trace.stop", {{"trace", number}});
    if (seen == 0) session.exit_code = exit_refused;
    if (!session.json_output) fmt::print("{} of {} packets\n", seen, t.count);
}

}  // namespace

void add_explain_commands(CLI::App& app, CLI::App&, Session& session) {
    const auto e = std::make_shared<Explain>();
    auto* explain = add_show(
        app, session, "explain",
        "what would happen to a packet, stage by stage, "
        "without sending it",
        [&session, e] { return session.client().call("explain.run", params_of(*e)); },
        print_explained);
    explain->add_option("--in", e->in, "the interface it comes in by")->required();
    explain->add_option("--src", e->src, "default: a host on that interface's network");
    auto* dst = explain->add_option("--dst", e->dst, "where it goes");
    explain->add_option("--proto", e->proto, "udp (default), tcp, icmp or a number");
    explain->add_option("--sport", e->sport)->check(CLI::Range(0, 65535))->capture_default_str();
    explain->add_option("--dport", e->dport)->check(CLI::Range(0, 65535))->capture_default_str();
    explain->add_option("--ttl", e->ttl)->check(CLI::Range(0, 255))->capture_default_str();
    explain->add_option("--size", e->size, "bytes of the IPv4 packet")
        ->check(CLI::Range(20, 9216))
        ->capture_default_str();
    explain->add_flag("--df", e->df, "don't fragment");
    explain->add_option("--tos", e->tos)->check(CLI::Range(0, 255))->capture_default_str();
    explain->add_option("--hex", e->hex, "a whole Ethernet frame in hex digits instead")
        ->excludes(dst);

    const auto t = std::make_shared<Trace>();
    auto* traced = add_command(app, session, "trace",
                               "what happens to the next real packets, stage by "
                               "stage",
                               [&session, t] { trace(session, *t); });
    traced->add_option("--count", t->count, "packets")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    traced->add_option("--interface", t->interface, "only those that come in by it");
    traced->add_option("--timeout", t->timeout_s, "seconds; 0: until there were enough")
        ->capture_default_str();
    traced->add_flag("--json", session.json_output, "one JSON object a line (docs/api.md)");
    traced->add_option("FILTER", t->filter, "as tcpdump's: udp port 53 and host 10.0.0.9");
}

}  // namespace sluice::cli
