// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/translate.h"

#include "dataplane/nat/dns/answer.h"
#include "dataplane/nat/ftp/control.h"
#include "dataplane/nat/icmp_error.h"
#include "dataplane/nat/inbound.h"
#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/session.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

// Of sessions whose rule says so.
Verdict translate_payload(Context& c, Packet packet, const Tuple& tuple, flow::Flow flow) noexcept {
    const flow::Session& session = c.nat->session(flow);
    if (ftp::concerns(session)) return ftp::translate(c, packet, tuple, flow);
    if ((session.facts.flags & answers_by_name) != 0) {
        dns::translate(c, packet, tuple, session, flow.direction());
    }
    return passed();
}

}  // namespace

Verdict translate(Context& c, Packet& packet, Arrival& arrival, Passage& passage) noexcept {
    Tuple& tuple = passage.tuple = read_tuple(packet);
    switch (tuple.kind) {
        case Tuple::Kind::fragment: return c.nat->fragments().follow(c, packet, tuple, arrival);
        case Tuple::Kind::error: return translate_error(c, packet, arrival);
        case Tuple::Kind::unreadable: return passed();
        default: break;
    }
    const flow::Flow flow = c.nat->index().find(tuple.key);
    if (flow.exists()) {
        if (const Verdict v = translate_payload(c, packet, tuple, flow); !v.is_passed()) return v;
    }
    if (flow.exists() && use_session(c, packet, arrival, tuple, flow)) {
        passage.rule = c.nat->session(flow).facts.rule;
        return passed();
    }
    const Verdict v = redirect(c, packet, arrival, passage);
    if (passage.redirection) passage.rule = passage.redirection->rule;
    return v;
}

void stay(Context& c, const Packet& packet, const Arrival& arrival) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const bool leads = ip.more_fragments() && ip.fragment_offset() == 0;
    if (leads && !arrival.translated) c.nat->fragments().lead(c, ip, {});
}

bool restore(Context& c, Packet packet) noexcept {
    const Tuple tuple = read_tuple(packet);
    if (tuple.kind == Tuple::Kind::unreadable || tuple.kind == Tuple::Kind::fragment) return false;
    const flow::FlowKey& now = tuple.key;
    const flow::Flow way_back = c.nat->index().find({.source = now.destination,
                                                     .destination = now.source,
                                                     .source_port = now.destination_port,
                                                     .destination_port = now.source_port,
                                                     .protocol = now.protocol,
                                                     .realm = now.realm,
                                                     .reserved = {}});
    if (!way_back.exists()) return false;
    undo(packet, tuple, c.nat->session(way_back), way_back.direction());
    return true;
}

}  // namespace sluice::nat
