#include "api/base/ids.h"

#include <catch2/catch.hpp>

#include <set>

namespace skiff {

TEST_CASE("identifiers have their shape and do not repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = new_uuid();
    REQUIRE(uuid.size() == 36);
    CHECK(uuid.find_first_not_of("0123456789abcdef-") == std::string::npos);
    CHECK(uuid[14] == '4');
    CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
    seen.insert(uuid);
  }
  CHECK(seen.size() == 1000);
  CHECK(random_suffix().size() == 5);
  CHECK(random_suffix(200).find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == std::string::npos);
  CHECK(random_hex(4).size() == 8);
}

TEST_CASE("decimal hashes are mapped into the safe alphabet") {
  // '0' is 48 = 27 + 21, the 22nd letter.
  CHECK(safe_encode("0123456789") ==
        "4567"
        "89bcdf");
  CHECK(safe_encode("").empty());
}

TEST_CASE("base64 is the standard's, and nothing else") {
  struct Row {
    std::string plain;
    std::string encoded;
  };
  const Row rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {std::string("\0\xff", 2), "AP8="}};
  for (const Row& row : rows) {
    DYNAMIC_SECTION("'" << row.encoded << "'") {
      CHECK(base64_encode(row.plain) == row.encoded);
      std::string decoded = "x";
      CHECK(base64_decode(row.encoded, decoded));
      CHECK(decoded == row.plain);
    }
  }
  std::string ignored;
  for (const char* text : {"Zg", "Zg=", "Z===", "Zm9v\n", "Z g=", "Zm-_", "=Zg="}) {
    DYNAMIC_SECTION("not '" << text << "'") { CHECK_FALSE(base64_decode(text, ignored)); }
  }
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace skiff
