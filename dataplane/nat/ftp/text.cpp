// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/ftp/text.h"

#include <charconv>

namespace sluice::nat::ftp {
namespace {

// What is left to be read.
class Reader {
  public:
    explicit Reader(std::string_view text) noexcept : left_(text) {}

    uint32_t number(uint32_t most) noexcept {
        uint32_t value = 0;
        const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
        ok_ = ok_ && error == std::errc() && value <= most;
        if (ok_) left_.remove_prefix(static_cast<size_t>(end - left_.data()));
        return value;
    }
    void skip(char wanted) noexcept {
        ok_ = ok_ && left_.starts_with(wanted);
        if (ok_) left_.remove_prefix(1);
    }
    char any() noexcept {
        ok_ = ok_ && !left_.empty();
        if (!ok_) return 0;
        const char first = left_.front();
        left_.remove_prefix(1);
        return first;
    }
    // Four numbers.
    uint32_t address(char between) noexcept {
        uint32_t value = 0;
        for (unsigned i = 0; i < 4; ++i) {
            if (i > 0) skip(between);
            value = value << 8 | (number(255) & 0xff);
        }
        return value;
    }
    bool is_done() const noexcept { return ok_ && left_.empty(); }

  private:
    std::string_view left_;
    bool ok_ = true;
};

class Writer {
  public:
    explicit Writer(Text& text) noexcept : text_(text) {}
    Writer& put(char c) noexcept {
        text_.bytes[text_.length++] = c;
        return *this;
    }
    Writer& put(uint32_t number) noexcept {
        char* const at = text_.bytes.data() + text_.length;
        char* const end = std::to_chars(at, text_.bytes.data() + text_.bytes.size(), number).ptr;
        text_.length = static_cast<uint8_t>(text_.length + (end - at));
        return *this;
    }
    Writer& address(uint32_t value, char between) noexcept {
        put(value >> 24).put(between).put(value >> 16 & 0xff).put(between);
        return put(value >> 8 & 0xff).put(between).put(value & 0xff);
    }

  private:
    Text& text_;
};

uint32_t read_port_by_bytes(Reader& r) noexcept {
    r.skip(',');
    const uint32_t high = r.number(255);
    r.skip(',');
    return high << 8 | (r.number(255) & 0xff);
}

}  // namespace

std::optional<Endpoint> read(Form form, std::string_view argument, uint32_t speaker) noexcept {
    Reader r(argument);
    uint32_t address = speaker, port = 0;
    if (form == Form::port || form == Form::passive) {
        address = r.address(',');
        port = read_port_by_bytes(r);
    } else {
        if (form == Form::extended_passive) r.skip('(');
        const char delimiter = r.any();
        if (form == Form::eprt) r.skip('1');  // IPv4
        r.skip(delimiter);
        if (form == Form::eprt) address = r.address('.');
        r.skip(delimiter);
        port = r.number(65535);
        r.skip(delimiter);
    }
    if (!r.is_done()) return {};
    return Endpoint{address, static_cast<uint16_t>(port)};
}

Text write(Form form, Endpoint e) noexcept {
    Text text;
    Writer w(text);
    if (form == Form::port || form == Form::passive) {
        w.address(e.address, ',').put(',').put(e.port / 256u).put(',').put(e.port % 256u);
    } else if (form == Form::eprt) {
        w.put('|').put('1').put('|').address(e.address, '.');
        w.put('|').put(uint32_t{e.port}).put('|');
    } else {
        w.put('(').put('|').put('|').put('|').put(uint32_t{e.port}).put('|');
    }
    return text;
}

}  // namespace sluice::nat::ftp
