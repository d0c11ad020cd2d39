#include "server/auth/bootstrap_tokens.h"

#include "api/base/ids.h"
#include "test/support/now.h"

#include <catch2/catch.hpp>

namespace skiff::server {
namespace {

using test::kNow;
const BootstrapToken kToken{"abc123", "0123456789abcdef"};

// As it is stored: stringData goes into data.
Json stored(const BootstrapToken& token, std::chrono::nanoseconds time_to_live) {
  Json secret = make_bootstrap_secret(token, kNow, time_to_live);
  for (const auto& [key, value] : secret["stringData"].items()) {
    secret["data"][key] = base64_encode(value.get<std::string>());
  }
  secret.erase("stringData");
  return secret;
}

}  // namespace

TEST_CASE("a bootstrap token has six and sixteen characters") {
  CHECK(parse_bootstrap_token("abc123.0123456789abcdef")->id == "abc123");
  CHECK(parse_bootstrap_token(new_bootstrap_token().to_string()));
  for (const char* text : {"", ".", "abc123", "abc12.0123456789abcdef", "abc123.0123456789abcde",
                           "ABC123.0123456789abcdef", "abc123.0123456789abcdef.x", "abc123.0123456789abcdeF"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bootstrap_token(text));
  }
}

TEST_CASE("a bootstrap token's Secret says who shows it") {
  Json secret = stored(kToken, std::chrono::hours(1));
  const auto user = bootstrap_user(secret, kToken, kNow);
  REQUIRE(user);
  CHECK(user->name == "system:bootstrap:abc123");
  CHECK(user->in_group("system:bootstrappers"));
  CHECK(user->in_group("system:bootstrappers:skiff:node"));

  SECTION("for others it says nothing") {
    CHECK_FALSE(bootstrap_user(secret, BootstrapToken{"abc123", "0123456789abcdeg"}, kNow));
    CHECK_FALSE(bootstrap_user(secret, BootstrapToken{"abc124", "0123456789abcdef"}, kNow));
  }
  SECTION("until it expires") {
    CHECK_FALSE(bootstrap_user(secret, kToken, kNow + std::chrono::hours(1)));
    CHECK(bootstrap_user(stored(kToken, std::chrono::nanoseconds(0)), kToken, kNow + std::chrono::hours(1000000)));
    secret["data"]["expiration"] = base64_encode("tomorrow");
    CHECK_FALSE(bootstrap_user(secret, kToken, kNow));
  }
  SECTION("unless it is for something else") {
    secret["data"].erase("usage-bootstrap-authentication");
    CHECK_FALSE(bootstrap_user(secret, kToken, kNow));
  }
  SECTION("of the right type only") {
    secret["type"] = "Opaque";
    CHECK_FALSE(bootstrap_user(secret, kToken, kNow));
  }
  SECTION("groups of others are not given away") {
    secret["data"]["auth-extra-groups"] = base64_encode("system:masters,system:bootstrappers:a");
    const auto other = bootstrap_user(secret, kToken, kNow);
    CHECK_FALSE(other->in_group("system:masters"));
    CHECK(other->in_group("system:bootstrappers:a"));
  }
}

}  // namespace skiff::server
