#include "store/attributes.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

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

TEST_CASE("values may be as long as they like") {
  for (const std::size_t size : {0, 1, 127, 128, 16383, 16384, 3000000}) {
    CAPTURE(size);
    const Attributes attributes{{"a", std::string(size, 'x')}, {"b", "behind"}};
    CHECK(attributes.find("a") == std::string(size, 'x'));
    CHECK(attributes.find("b") == "behind");
    CHECK(Attributes::from_bytes(attributes.bytes()) == attributes);
  }
}

TEST_CASE("the same names are kept once, and only as long as there are attributes with them") {
  const std::size_t before = Attributes::lists_of_names();
  {
    const Attributes one{{"f:kind", "Pod"}, {"f:name", "a"}};
    const Attributes other{{"f:name", "b"}, {"f:kind", "Node"}};
    const auto read = Attributes::from_bytes(one.bytes());
    CHECK(Attributes::lists_of_names() == before + 1);
    CHECK(read == one);
    CHECK(one != other);
    CHECK((*one.begin()).first.data() == (*other.begin()).first.data());
    const Attributes fewer{{"f:kind", "Pod"}};
    CHECK(fewer != one);
    CHECK(Attributes::lists_of_names() == before + 2);
  }
  CHECK(Attributes::lists_of_names() == before);
}

// Every writer and whoever reads the log makes attributes.
TEST_CASE("lists of names come and go on several threads at once") {
  const std::size_t before = Attributes::lists_of_names();
  std::atomic<int> wrong = 0;
  const auto make = [&wrong] {
    for (int i = 0; i < 20000; ++i) {
      const Attributes attributes{{"l:app", "web"}, {i % 2 == 0 ? "l:even" : "l:odd", "yes"}};
      wrong += attributes.find("l:app") != "web";
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(make);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(Attributes::lists_of_names() == before);
}

}  // namespace skiff::store::test
