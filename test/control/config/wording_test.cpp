// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/wording.h"

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

using nlohmann::json;

TEST(Wording, ShowsAValueAsItStandsInTheFile) {
    EXPECT_EQ(brief(json("eth0")), "\"eth0\"");
    EXPECT_EQ(brief(json(9001)), "9001");
    EXPECT_EQ(brief(parse_json(R"({"a": [1]})")), "{...}");
    EXPECT_EQ(brief(parse_json("[1, 2, 3, 4, 5]")), "[...]");
    EXPECT_EQ(brief(parse_json("[1, 2]")), "[1,2]");
}

TEST(Wording, CutsALongValueBetweenCharacters) {
    std::string umlauts;
    for (int i = 0; i < 100; ++i) umlauts += "ä";
    const std::string shown = brief(json(umlauts));
    EXPECT_LE(shown.size(), 60U);
    EXPECT_NO_THROW(json(shown).dump());
}

TEST(Wording, ListsAsASentenceDoes) {
    EXPECT_EQ(listed({"a"}), "a");
    EXPECT_EQ(listed({"a", "b"}), "a and b");
    EXPECT_EQ(listed({"a", "b", "c"}, "or"), "a, b or c");
    EXPECT_EQ(listed({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}),
              "a, b, c, d, e, f, g, h and 2 more");
}

TEST(Wording, FindsTheWordThatWasMeant) {
    EXPECT_EQ(nearest("adress", {"device", "addresses", "mtu"}), std::nullopt);
    EXPECT_EQ(nearest("addreses", {"device", "addresses", "mtu"}), "addresses");
    EXPECT_EQ(nearest("mut", {"device", "addresses", "mtu"}), "mtu");  // neighbours swapped
    EXPECT_EQ(nearest("wam", {"lan", "wan"}), "wan");
    EXPECT_EQ(nearest("bgp", {"lan", "wan"}), std::nullopt);
    EXPECT_EQ(nearest("", {"lan"}), std::nullopt);
}

}  // namespace
}  // namespace sluice::config
