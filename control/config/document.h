// SPDX-License-Identifier: BSD-3-Clause
// A JSON text read whole: its values, and where in the text each key and value stands.
//
// A value is known by its address: whoever finds fault with a value says so by reference, and
// places_of() tells afterwards where that is. So a Document may be moved, which leaves its
// values where they are, but not copied.
//
// Total: any text gives a Document, perhaps with faults. Size, depth, number of values and
// length of a string are bounded, so that nothing that reads it later need bound its recursion.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/config/json.h"
#include "control/config/problem.h"

namespace sluice::config {

inline constexpr size_t max_text_bytes = size_t{64} << 20;
inline constexpr size_t max_values = size_t{1} << 21;
inline constexpr size_t max_depth = 32;
// Twice what any key takes. The schema's patterns are matched by std::regex, which recurses for
// each character: 1000 of them overflow a stack of 1 MiB in a build with sanitizers.
inline constexpr size_t max_string_bytes = 512;

// Where a value came from in the text, and its children in the order in which json iterates.
struct Mark {
    uint32_t key_offset = 0;  // of a member of an object; else as value_offset
    uint32_t value_offset = 0;
    std::string key;
    std::vector<Mark> children;
};

struct Place {
    std::string path;
    Position key;  // of a member of an object; else as value
    Position value;
};

class Document {
  public:
    struct Fault {
        Position position;
        std::string path;
        std::string message;
    };

    static Document parse(std::string_view text);

    const nlohmann::json& root() const { return *root_; }
    nlohmann::json take_root() && { return std::move(*root_); }

    // What is wrong with the text as JSON: at most one error of syntax, which ends the reading,
    // and keys that stand twice in an object, of which the last counts.
    const std::vector<Fault>& faults() const { return faults_; }
    // False: reading ended early, and root() is of no use.
    bool is_complete() const { return complete_; }

    // One walk over the document, whatever the number of values asked for. Values that are not
    // in the document are left out.
    std::unordered_map<const nlohmann::json*, Place> places_of(
        const std::vector<const nlohmann::json*>& values) const;

  private:
    friend class DocumentBuilder;
    Position position_at(size_t offset) const;

    std::unique_ptr<nlohmann::json> root_ = std::make_unique<nlohmann::json>();
    Mark root_mark_;
    std::vector<size_t> line_starts_{0};
    std::vector<Fault> faults_;
    bool complete_ = false;
};

}  // namespace sluice::config
