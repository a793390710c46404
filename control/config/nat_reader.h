// SPDX-License-Identifier: BSD-3-Clause
// How one NAT rule is read: what all have in common stands in nat_rule.cpp, what each type has
// for itself in nat_types.cpp. For those two alone; others use nat_rule.h.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "control/config/fields.h"
#include "control/config/json.h"
#include "control/config/nat_rule.h"

namespace sluice::config {

class RuleReader {
  public:
    RuleReader(const nlohmann::json& object, Reading& reading)
        : fields_(object, reading.mistakes), reading_(reading), read_{{}, &object, {}, {}} {}

    ReadRule read(size_t place);

  private:
    // Null where the key is absent, wrong, or says no more than its default.
    const nlohmann::json* given(const char* key) const;
    void tell(const nlohmann::json& value, const std::string& message);
    // The same, and the message begins with the value.
    void tell_of(const nlohmann::json& value, const std::string& what);
    void lacks(const char* key, std::string_view what);

    void tell_keys_of_other_types();
    void read_name(size_t place);
    void read_match();
    void read_block_size();
    void read_choices();
    void read_source();
    void read_dynamic();
    void read_fixed();
    void read_forward();

    const Interface* read_interface(const char* key, std::string& name);
    void read_protocol();
    void read_ranges(const char* key, std::vector<AddressRange>& to);
    void read_pool(const char* key, std::vector<AddressRange>& to,
                   std::vector<PlacedRange>& placed);
    bool read_shared_address(const char* key, const char* interface_key,
                             const Interface* interface);
    std::string why_not_beside(const net::InterfaceAddress& own, const Interface& interface,
                               const AddressRange& range) const;
    bool check_external(const AddressRange& range, const nlohmann::json& value);
    void check_forward_protocol();
    void read_external_of_forward();
    void read_targets();
    void read_one_target(const nlohmann::json& value);
    void read_health();
    void check_choice_of_ports();
    void check_blocks();
    void check_subscribers();
    void check_ratio();

    const Fields fields_;
    Reading& reading_;
    ReadRule read_;
    NatRule& rule_ = read_.rule;
    const Interface* in_ = nullptr;
    const Interface* out_ = nullptr;
    std::string type_;  // with its article
};

}  // namespace sluice::config
