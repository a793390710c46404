// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/document.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "control/config/syntax_error.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

constexpr std::string_view between_tokens = " \t\r\n,:";
constexpr std::string_view of_numbers = "+-0123456789.eE";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// An iterator over the text that lets others see how far the parser has read: the parser tells
// its handler values, but not where they stand.
class ReadingIterator {
  public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    ReadingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
    reference operator*() const { return *at_; }
    ReadingIterator& operator++() {
        *furthest_ = ++at_;
        return *this;
    }
    ReadingIterator operator++(int) { return std::exchange(*this, std::next(*this)); }
    bool operator==(const ReadingIterator& other) const { return at_ == other.at_; }

  private:
    const char* at_;
    const char** furthest_;
};

}  // namespace

// Hears of each token as the parser reads it, and builds values and marks side by side.
class DocumentBuilder : public json::json_sax_t {
  public:
    DocumentBuilder(std::string_view text, Document& document)
        : text_(text), furthest_(text.data()), document_(document) {
        if (text.starts_with(byte_order_mark)) token_end_ = byte_order_mark.size();
        for (size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') document.line_starts_.push_back(i + 1);
        }
    }

    bool read() {
        // Not json::sax_parse(), which brings the readers of five binary formats with it.
        auto text = nlohmann::detail::input_adapter(
            ReadingIterator(text_.data(), &furthest_),
            ReadingIterator(text_.data() + text_.size(), &furthest_));
        return nlohmann::detail::parser<json, decltype(text)>(std::move(text)).sax_parse(this);
    }

    bool null() override { return scalar(nullptr); }
    bool boolean(bool value) override { return scalar(value); }
    bool number_integer(json::number_integer_t value) override { return number(value); }
    bool number_unsigned(json::number_unsigned_t value) override { return number(value); }
    bool number_float(json::number_float_t value, const std::string&) override {
        return number(value);
    }
    bool string(std::string& value) override { return is_short(value) && scalar(std::move(value)); }
    bool binary(json::binary_t&) override { return false; }  // not in JSON text

    bool start_object(size_t) override { return open(json::object()); }
    bool start_array(size_t) override { return open(json::array()); }
    bool end_array() override { return close(); }
    bool end_object() override {
        sort_members(*open_.back().mark);
        return close();
    }

    bool key(std::string& name) override {
        if (!is_short(name)) return false;
        Frame& object = open_.back();
        object.key = std::move(name);
        object.key_offset = token_start();
        token_end_ = consumed();
        return true;
    }

    bool parse_error(size_t, const std::string&,
                     const nlohmann::detail::exception& error) override {
        fault(token_start(), path(), why_not_json(syntax_error(), error.what()));
        return false;
    }

  private:
    // A container that is still open, and in an object the key whose value comes next.
    struct Frame {
        json* container;
        Mark* mark;
        std::string key;
        size_t key_offset;
    };

    size_t consumed() const { return static_cast<size_t>(furthest_ - text_.data()); }
    size_t token_start() const {
        return std::min(text_.find_first_not_of(between_tokens, token_end_), text_.size());
    }

    void fault(size_t offset, std::string path, std::string message) {
        document_.faults_.push_back(
            {document_.position_at(offset), std::move(path), std::move(message)});
    }

    std::string path() const {
        std::string path;
        for (const Frame& frame : open_) {
            const bool innermost = &frame == &open_.back();
            if (frame.container->is_object()) {
                if (!frame.key.empty()) append_key(path, frame.key);
            } else if (innermost || !frame.container->empty()) {
                append_index(path, frame.container->size() - (innermost ? 0 : 1));
            }
        }
        return path;
    }

    bool is_short(const std::string& text) {
        if (text.size() <= max_string_bytes) return true;
        fault(token_start(), path(),
              fmt::format("a string of {} bytes; none is longer than {}", text.size(),
                          max_string_bytes));
        return false;
    }

    // Gives the next value its place in the innermost open container.
    std::pair<json*, Mark*> place(json value) {
        const auto offset = static_cast<uint32_t>(token_start());
        if (open_.empty()) {
            *document_.root_ = std::move(value);
            document_.root_mark_ = {offset, offset, {}, {}};
            return {document_.root_.get(), &document_.root_mark_};
        }
        Frame& in = open_.back();
        json* placed = nullptr;
        if (in.container->is_object()) {
            placed = &(*in.container)[in.key];
            *placed = std::move(value);
            in.mark->children.push_back({static_cast<uint32_t>(in.key_offset), offset, in.key, {}});
        } else {
            in.container->push_back(std::move(value));
            placed = &in.container->back();
            in.mark->children.push_back({offset, offset, {}, {}});
        }
        return {placed, &in.mark->children.back()};
    }

    bool count_value() {
        if (++values_ <= max_values) return true;
        fault(token_start(), path(), fmt::format("more than {} values", max_values));
        return false;
    }

    bool scalar(json value) {
        if (!count_value()) return false;
        place(std::move(value));
        if (!open_.empty()) open_.back().key.clear();
        token_end_ = consumed();
        return true;
    }

    // The parser has seen a number's end only when it has read the character after it.
    bool number(json value) {
        const size_t start = token_start();
        if (!scalar(std::move(value))) return false;
        token_end_ = std::min(text_.find_first_not_of(of_numbers, start), text_.size());
        return true;
    }

    bool open(json container) {
        if (!count_value()) return false;
        if (open_.size() == max_depth) {
            fault(token_start(), path(), fmt::format("nested deeper than {} levels", max_depth));
            return false;
        }
        const auto [value, mark] = place(std::move(container));
        open_.push_back({value, mark, {}, 0});
        token_end_ = consumed();
        return true;
    }

    bool close() {
        open_.pop_back();
        if (!open_.empty()) open_.back().key.clear();
        token_end_ = consumed();
        return true;
    }

    // Brings the marks of an object's members into the order in which json iterates, and so
    // finds the keys that stand there twice.
    void sort_members(Mark& object) {
        std::vector<Mark>& marks = object.children;
        std::stable_sort(marks.begin(), marks.end(),
                         [](const Mark& a, const Mark& b) { return a.key < b.key; });
        open_.back().key.clear();
        const std::string object_path = path();
        std::vector<Mark> unique;
        unique.reserve(marks.size());
        for (Mark& mark : marks) {
            if (unique.empty() || unique.back().key != mark.key) {
                unique.push_back(std::move(mark));
                continue;
            }
            std::string member_path = object_path;
            append_key(member_path, mark.key);
            fault(mark.key_offset, std::move(member_path),
                  fmt::format("{} stands here a second time; the first is on line {}",
                              in_quotes(mark.key),
                              document_.position_at(unique.back().key_offset).line));
            mark.key_offset = unique.back().key_offset;
            unique.back() = std::move(mark);
        }
        marks = std::move(unique);
    }

    SyntaxError syntax_error() const {
        const char open = open_.empty() ? 0 : open_.back().container->is_object() ? '{' : '[';
        return {text_, token_end_, token_start(), open};
    }

    std::string_view text_;
    const char* furthest_;
    size_t token_end_ = 0;  // of the last token heard of
    size_t values_ = 0;
    std::vector<Frame> open_;
    Document& document_;
};

Document Document::parse(std::string_view text) {
    Document document;
    if (text.size() > max_text_bytes) {
        document.faults_.push_back(
            {{},
             {},
             fmt::format("{} bytes; a configuration has at most {}", text.size(), max_text_bytes)});
        return document;
    }
    document.complete_ = DocumentBuilder(text, document).read();
    return document;
}

Position Document::position_at(size_t offset) const {
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    return {static_cast<uint32_t>(next - line_starts_.begin()),
            static_cast<uint32_t>(offset - *std::prev(next) + 1)};
}

std::unordered_map<const json*, Place> Document::places_of(
    const std::vector<const json*>& values) const {
    std::unordered_map<const json*, Place> places;
    if (!complete_) return places;  // marks and values agree only once each object has ended
    places.reserve(values.size());
    for (const json* value : values) places.try_emplace(value);

    const auto visit = [&](const auto& self, const json& value, const Mark& mark,
                           std::string& path) -> void {
        if (const auto wanted = places.find(&value); wanted != places.end()) {
            wanted->second = {path, position_at(mark.key_offset), position_at(mark.value_offset)};
        }
        const size_t length = path.size();
        auto child = mark.children.begin();
        for (auto item = value.begin(); value.is_structured() && item != value.end(); ++item) {
            if (value.is_object()) {
                append_key(path, item.key());
            } else {
                append_index(path, static_cast<size_t>(child - mark.children.begin()));
            }
            self(self, *item, *child++, path);
            path.resize(length);
        }
    };
    std::string path;
    visit(visit, *root_, root_mark_, path);
    std::erase_if(places, [](const auto& place) { return place.second.value.line == 0; });
    return places;
}

}  // namespace sluice::config
