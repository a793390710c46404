// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/ftp/control.h"

#include <algorithm>
#include <array>

#include "dataplane/nat/awaiting.h"
#include "dataplane/nat/ftp/segment.h"
#include "dataplane/nat/ftp/stream.h"
#include "dataplane/nat/ftp/text.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat::ftp {
namespace {

using flow::Direction;

constexpr uint16_t control_port = 21;
constexpr uint16_t least_port = 1024;  // below it, no data connection is (RFC 2577 3)
constexpr unsigned most_edits = 8;     // of a segment
constexpr size_t longest_text = 16384;

FtpRecord& record_at(const Context& c, const flow::Session& session) noexcept {
    const uint32_t state = session.state.load(std::memory_order_relaxed);
    return c.nat->shared().ftp_records.at(record_of(state));
}

void start_reading(FtpRecord& record, uint32_t sequence) noexcept {
    record.made.store(0, std::memory_order_release);
    record.progress.store(sequence, std::memory_order_release);
}

// A piece of a segment's text, and what takes its place.
struct Edit {
    size_t begin, end;
    Text text;
    bool refused;  // or as many "x"

    int32_t grows_by() const noexcept {
        return refused ? 0 : static_cast<int32_t>(text.length - (end - begin));
    }
};

// The text of one segment from inside.
class Reading {
  public:
    Reading(Context& c, const flow::Session& session, FtpRecord& record,
            std::span<const uint8_t> text, uint32_t sequence) noexcept
        : c_(c),
          session_(session),
          record_(record),
          stream_(record),
          text_(text),
          sequence_(sequence) {}

    // False where it can not be told how the segment is to leave.
    bool read() noexcept;
    std::span<const Edit> edits() const noexcept { return {edits_.data(), count_}; }

  private:
    uint32_t next() const noexcept {
        return static_cast<uint32_t>(record_.progress.load(std::memory_order_relaxed));
    }
    bool read_again(size_t end) noexcept;
    bool change_again(const FtpChange& change, size_t end) noexcept;
    bool read_new(size_t begin) noexcept;
    bool change(const Argument& argument) noexcept;
    std::optional<Edit> edit_of(const Argument& argument) noexcept;
    bool add(const Edit& edit) noexcept;

    Context& c_;
    const flow::Session& session_;
    FtpRecord& record_;
    Stream stream_;
    std::span<const uint8_t> text_;
    uint32_t sequence_;
    std::array<Edit, most_edits> edits_;
    size_t count_ = 0;
};

bool Reading::read() noexcept {
    const uint32_t ahead = next() - sequence_;  // of what was read before
    if (is_before(next(), sequence_)) return false;
    const size_t known = std::min<size_t>(ahead, text_.size());
    return read_again(known) && (known == text_.size() || read_new(known));
}

// What was read before is changed as it was, the oldest first.
bool Reading::read_again(size_t end) noexcept {
    if (end == 0) return true;
    if (stream_.forgets(sequence_)) return false;
    for (unsigned i = FtpRecord::remembered; i-- > 0;) {
        const FtpChange* change = stream_.newest(i);
        if (change != nullptr && !change_again(*change, end)) return false;
    }
    return true;
}

bool Reading::change_again(const FtpChange& change, size_t end) noexcept {
    const auto last = sequence_ + static_cast<uint32_t>(end);
    if (!is_before(change.begin, last) || !is_before(sequence_, change.end)) return true;
    const auto form = static_cast<Form>(change.form);
    const bool whole = !is_before(change.begin, sequence_) && !is_before(last, change.end);
    if (form == Form::refused) {
        const size_t from = is_before(change.begin, sequence_) ? 0 : change.begin - sequence_;
        return add({from, std::min<size_t>(change.end - sequence_, end), {}, true});
    }
    if (!whole) return false;
    const auto edit = edit_of({form, change.begin - sequence_, change.end - sequence_});
    const int32_t grows_by = edit ? edit->grows_by() : 0;
    return grows_by == change.after - change.before && (!edit || add(*edit));
}

bool Reading::read_new(size_t begin) noexcept {
    const bool serves = (session_.facts.flags & server_inside) != 0;
    Place place = Place::unpack(
        static_cast<uint32_t>(record_.progress.load(std::memory_order_relaxed) >> 32));
    for (size_t at = begin; const auto found = next_argument(serves ? Side::server : Side::client,
                                                             place, text_, at);) {
        if (found->begin != found->end && !change(*found)) return false;
    }
    const auto end = sequence_ + static_cast<uint32_t>(text_.size());
    record_.progress.store(uint64_t{place.pack()} << 32 | end, std::memory_order_release);
    return true;
}

bool Reading::change(const Argument& argument) noexcept {
    const auto edit = edit_of(argument);
    if (!edit) return true;
    const auto at = [&](size_t place) { return sequence_ + static_cast<uint32_t>(place); };
    return stream_.add(at(edit->begin), at(edit->end), edit->grows_by(),
                       edit->refused ? Form::refused : argument.form) &&
           add(*edit);
}

// Nothing where the text stays: it names no endpoint that can be had, or already the right one.
std::optional<Edit> Reading::edit_of(const Argument& a) noexcept {
    if (a.form == Form::refused) return Edit{a.begin, a.end, {}, true};
    const std::string_view text(reinterpret_cast<const char*>(text_.data()) + a.begin,
                                a.end - a.begin);
    const uint32_t speaker = session_.key(Direction::outbound).source.host();
    const auto internal = ftp::read(a.form, text, speaker);
    if (!internal || internal->address != speaker || internal->port < least_port) return {};
    const auto external = await_remote(c_, session_, internal->port);
    if (!external) return Edit{a.begin, a.end, {}, true};
    const Text replacement = write(a.form, *external);
    if (replacement.view() == text) return {};
    return Edit{a.begin, a.end, replacement, false};
}

bool Reading::add(const Edit& edit) noexcept {
    if (count_ == edits_.size()) return false;
    edits_[count_++] = edit;
    return true;
}

// They are applied the last first: what an earlier one gives up is no room for a later one.
bool has_room(const Segment& segment, std::span<const Edit> edits) noexcept {
    int32_t room = 0;
    for (const Edit& edit : edits) room += std::max(edit.grows_by(), 0);
    return edits.empty() || segment.can_grow(room);
}

// The last first, so that the places of the others stay.
bool apply(Segment& segment, std::span<const Edit> edits) noexcept {
    if (edits.empty()) return true;
    if (!has_room(segment, edits)) return false;
    for (size_t i = edits.size(); i-- > 0;) {
        const Edit& edit = edits[i];
        if (edit.refused) {
            segment.cross_out(edit.begin, edit.end);
        } else {
            segment.replace(edit.begin, edit.end, edit.text.view());
        }
    }
    segment.fill_checksums();
    return true;
}

void copy(FtpRecord& to, const FtpRecord& from) noexcept {
    to.made.store(from.made.load(std::memory_order_relaxed), std::memory_order_relaxed);
    to.progress.store(from.progress.load(std::memory_order_relaxed), std::memory_order_relaxed);
    std::ranges::copy(from.changes, to.changes);
}

// What can not leave has not been read, so that its sender may repeat it in other pieces. So the
// text is read to a copy of the record first; endpoints that it got then it gets again.
bool read_and_change(Context& c, Segment& segment, const flow::Session& session, FtpRecord& record,
                     std::span<const uint8_t> text) noexcept {
    const uint32_t sequence = segment.sequence();
    FtpRecord rehearsed{};
    copy(rehearsed, record);
    Reading rehearsal(c, session, rehearsed, text, sequence);
    if (!rehearsal.read() || !has_room(segment, rehearsal.edits())) return false;
    Reading reading(c, session, record, text, sequence);
    return reading.read() && apply(segment, reading.edits());
}

Verdict translate_outbound(Context& c, Segment& segment, const flow::Session& session,
                           FtpRecord& record) noexcept {
    const bool syn = (segment.flags() & tcp::syn) != 0;
    const TcpState state = tcp_state(session.state.load(std::memory_order_relaxed));
    if (syn && !is_long_lived(state)) start_reading(record, segment.sequence());
    const uint32_t sequence = segment.sequence();
    if (segment.length() > 0) {
        std::array<uint8_t, longest_text> room;
        const auto text = segment.text(room);
        if (!text || !segment.checksum_holds() ||
            !read_and_change(c, segment, session, record, *text)) {
            return drop(DropReason::nat_alg_refused);
        }
    }
    segment.set_sequence(Stream(record).to_remote(sequence));
    return passed();
}

}  // namespace

bool is_control(const Rule& rule, Direction first, const flow::FlowKey& inside,
                const flow::FlowKey& packet) noexcept {
    if (!rule.has(layout::alg_ftp) || packet.protocol != net::Protocol::tcp) return false;
    if (first == Direction::outbound) return packet.destination_port.host() == control_port;
    const bool for_one_port =
        rule.wish.kind == NatKind::forward && rule.wish.first_port == rule.wish.last_port;
    return for_one_port || inside.source_port.host() == control_port ||
           packet.destination_port.host() == control_port;
}

void begin(Context& c, Packet packet, const Tuple& tuple, flow::Flow flow) noexcept {
    const auto segment = Segment::of(packet, tuple);
    if (!segment || flow.direction() != Direction::outbound) return;
    start_reading(record_at(c, c.nat->session(flow)), segment->sequence());
}

Verdict translate(Context& c, Packet packet, const Tuple& tuple, flow::Flow flow) noexcept {
    const flow::Session& session = c.nat->session(flow);
    FtpRecord& record = record_at(c, session);
    const FtpRecordLock lock(record);
    if (!lock.held()) return drop(DropReason::nat_busy);
    auto segment = Segment::of(packet, tuple);
    if (!segment || record.owner != session.key(Direction::outbound)) {
        return drop(DropReason::nat_alg_refused);
    }
    if (flow.direction() == Direction::outbound) {
        return translate_outbound(c, *segment, session, record);
    }
    segment->change_acknowledgements(
        [&](uint32_t number) { return Stream(record).to_inside(number); });
    return passed();
}

uint32_t quoted_sequence(Context& c, const flow::Session& session, uint32_t outside) noexcept {
    FtpRecord& record = record_at(c, session);
    const FtpRecordLock lock(record);
    const bool is_known = lock.held() && record.owner == session.key(Direction::outbound);
    return is_known ? Stream(record).to_inside(outside) : outside;
}

}  // namespace sluice::nat::ftp
