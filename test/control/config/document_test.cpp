// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/document.h"

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

Place place_of(const Document& document, const nlohmann::json& value) {
    return document.places_of({&value}).at(&value);
}

TEST(Document, KnowsLineAndColumnOfEachKeyAndValue) {
    const auto document =
        Document::parse("{\n  \"a\": [1,\n    22 , {\"b\" :\ttrue}],\n  \"c\": \"x\"\n}");
    ASSERT_TRUE(document.is_complete());
    const auto& root = document.root();
    EXPECT_EQ(place_of(document, root).value, (Position{1, 1}));
    EXPECT_EQ(place_of(document, root["a"]).key, (Position{2, 3}));
    EXPECT_EQ(place_of(document, root["a"]).value, (Position{2, 8}));
    EXPECT_EQ(place_of(document, root["a"][0]).value, (Position{2, 9}));
    EXPECT_EQ(place_of(document, root["a"][1]).value, (Position{3, 5}));
    EXPECT_EQ(place_of(document, root["a"][2]["b"]).key, (Position{3, 11}));
    EXPECT_EQ(place_of(document, root["a"][2]["b"]).value, (Position{3, 17}));
    EXPECT_EQ(place_of(document, root["c"]).value, (Position{4, 8}));
}

TEST(Document, NamesPathsAsOneWouldWriteThem) {
    const auto document =
        Document::parse(R"({"routes": [{"via": []}], "interfaces": {"wan.10": 1}})");
    const auto& root = document.root();
    EXPECT_EQ(place_of(document, root["routes"][0]["via"]).path, "routes[0].via");
    EXPECT_EQ(place_of(document, root["interfaces"]["wan.10"]).path, "interfaces.\"wan.10\"");
    EXPECT_EQ(place_of(document, root).path, "");
}

TEST(Document, KeepsItsPlacesWhenKeysAreNotInTheOrderOfTheAlphabet) {
    const auto document = Document::parse("{\"z\": 1,\n\"a\": 2,\n\"m\": 3}");
    EXPECT_EQ(place_of(document, document.root()["z"]).value.line, 1U);
    EXPECT_EQ(place_of(document, document.root()["a"]).value.line, 2U);
    EXPECT_EQ(place_of(document, document.root()["m"]).value.line, 3U);
}

TEST(Document, KnowsNothingOfAValueThatIsNotItsOwn) {
    const auto document = Document::parse("{}");
    const nlohmann::json stranger;
    EXPECT_THAT(document.places_of({&stranger}), IsEmpty());
}

TEST(Document, PassesOverAByteOrderMark) { EXPECT_THAT(told("\xef\xbb\xbf{}"), IsEmpty()); }

TEST(Document, TellsAKeyThatStandsTwiceAndWhereTheFirstIs) {
    EXPECT_THAT(told("{\"arp\": {\"attempts\": 2,\n\"retry_s\": 2,\n\"attempts\": 3}}"),
                ElementsAre("c.json:3: arp.attempts: \"attempts\" stands here a second time; the "
                            "first is on line 1"));
}

TEST(Document, TellsAMissingComma) {
    EXPECT_THAT(told("{\"arp\": {}\n\"icmp\": {}}"),
                ElementsAre("c.json:2: a comma is missing before this"));
    EXPECT_THAT(told("{\"dataplane\": {\"cores\": [1\n 2]}}"),
                ElementsAre("c.json:2: dataplane.cores[1]: a comma is missing before this"));
}

TEST(Document, TellsACommaTooMany) {
    EXPECT_THAT(told("{\"arp\": {},\n}"),
                ElementsAre("c.json:2: a comma stands before this '}', with nothing after it"));
    EXPECT_THAT(told("{\"routes\": [\n,]}"),
                ElementsAre(HasSubstr("c.json:2: routes[0]: a comma stands before this ']'")));
}

TEST(Document, TellsThatThereAreNoComments) {
    EXPECT_THAT(told("{\n// my router\n}"),
                ElementsAre("c.json:2: JSON has no comments; use \"description\""));
}

TEST(Document, TellsWhereTheTextEndsTooEarly) {
    EXPECT_THAT(told(""),
                ElementsAre("c.json:1: the file is empty; the smallest configuration is {}"));
    EXPECT_THAT(told("{\"routes\": [\n"),
                ElementsAre("c.json:2: routes[0]: the file ends before the ']' that closes this"));
}

TEST(Document, TellsOtherErrorsOfSyntaxInTheParsersWords) {
    EXPECT_THAT(told("{\n\"mtu\": 15x0}"), ElementsAre(HasSubstr("c.json:2: not JSON: ")));
    EXPECT_THAT(told("{\n\"a\": \"\\q\"}"),
                ElementsAre(HasSubstr("forbidden character after backslash")));
    EXPECT_THAT(told("{} {}"), ElementsAre(HasSubstr("c.json:1: not JSON: ")));
}

TEST(Document, TellsAMessageThatIsTextWhateverBytesTheFileHolds) {
    const auto result = read_config("{\"a\": \"\xff\xfe\"}", "c.json");
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_NO_THROW(nlohmann::json(result.problems).dump());
}

TEST(Document, RefusesWhatIsNestedTooDeep) {
    EXPECT_THAT(told(std::string(100'000, '[')),
                ElementsAre(HasSubstr("nested deeper than 32 levels")));
}

TEST(Document, RefusesAStringTooLong) {
    EXPECT_THAT(
        told("{\n\"$schema\": \"" + std::string(1'000'000, 'a') + "\"}"),
        ElementsAre("c.json:2: $schema: a string of 1000000 bytes; none is longer than 512"));
    EXPECT_THAT(told("{\"" + std::string(2000, 'a') + "\": 1}"),
                ElementsAre("c.json:1: a string of 2000 bytes; none is longer than 512"));
}

TEST(Document, RefusesTooManyValues) {
    std::string text = "[0";
    for (size_t i = 0; i < max_values; ++i) text += ",0";
    EXPECT_THAT(told(text + "]"), ElementsAre(HasSubstr("more than 2097152 values")));
}

TEST(Document, RefusesATextTooLong) {
    EXPECT_THAT(told(std::string(max_text_bytes + 1, ' ')),
                ElementsAre("c.json: 67108865 bytes; a configuration has at most 67108864"));
}

TEST(Document, RefusesANumberThatNoDoubleHolds) {
    EXPECT_THAT(told("{\"arp\": {\n\"retry_s\": 1e999}}"),
                ElementsAre(HasSubstr("c.json:2: arp.retry_s: ")));
}

}  // namespace
}  // namespace sluice::config
