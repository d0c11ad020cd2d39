#include "store/attributes.h"

#include <catch2/catch.hpp>

namespace skiff::store::test {

TEST_CASE("attributes are sorted, walked over and found, whatever their order was") {
  const Attributes made(std::vector<Attribute>{{"l:b", "2"}, {"f:a", ""}, {"l:bc", std::string("a\0b", 3)}});
  CHECK(made == Attributes{{"l:bc", std::string_view("a\0b", 3)}, {"l:b", "2"}, {"f:a", ""}});
  std::vector<Attribute> walked;
  for (const auto& [name, value] : made) walked.emplace_back(name, value);
  CHECK(walked == std::vector<Attribute>{{"f:a", ""}, {"l:b", "2"}, {"l:bc", std::string("a\0b", 3)}});

  CHECK(made.find("f:a") == "");
  CHECK(made.find("l:b") == "2");
  CHECK(made.find("l:", "b") == "2");
  CHECK(made.find("l:", "bc") == std::string_view("a\0b", 3));
  // A prefix of one, one that goes on, between two, before and behind all.
  for (const char* absent : {"l:", "l:bcd", "f:b", "a", "z", ""}) CHECK_FALSE(made.find(absent));
  CHECK_FALSE(made.find("f:", "b"));
  CHECK_FALSE(made.find("l:bc", "d"));
  CHECK_FALSE(made.empty());

  const Attributes none;
  CHECK(none.empty());
  CHECK(none.begin() == none.end());
  CHECK_FALSE(none.find("a"));
  CHECK(none == Attributes(std::vector<Attribute>()));
}

// The log on disk has them so: what was written once must be read for ever.
TEST_CASE("the bytes of attributes are names and values, each after its length") {
  const Attributes attributes{{"l:app", "web"}, {"f:x", ""}};
  const std::string bytes("\3\0\0\0f:x\0\0\0\0\5\0\0\0l:app\3\0\0\0web", 27);
  CHECK(attributes.bytes() == bytes);
  CHECK(Attributes::from_bytes(bytes) == attributes);
  CHECK(Attributes::from_bytes("") == Attributes());
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    CAPTURE(size);
    // All of the first is there after 11 bytes.
    CHECK(Attributes::from_bytes(bytes.substr(0, size)).has_value() == (size == 11));
  }
  CHECK_FALSE(Attributes::from_bytes(std::string(8, '\xff')));
}

TEST_CASE("attributes take the room of their texts and nothing to grow") {
  const Attributes attributes{{"f:metadata.name", "web-0"}, {"f:metadata.namespace", "default"}, {"l:app", "web"}};
  CHECK(attributes.bytes().capacity() == attributes.bytes().size());
}

}  // namespace skiff::store::test
