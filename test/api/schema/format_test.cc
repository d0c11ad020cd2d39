#include "api/schema/validate.h"

#include <catch2/catch.hpp>

using skiff::api::schema::check_format;
using skiff::api::schema::format_messages;

TEST_CASE("formats accept and refuse what upstream does") {
  struct Row {
    const char* format;
    std::vector<std::string> good;
    std::vector<std::string> bad;
  };
  const std::string long_label(64, 'a');
  const std::vector<Row> rows = {
      {"dns1123-label",
       {"a", "a-b", "0a", std::string(63, 'a')},
       {"", "-a", "a-", "A", "a.b", "a_b", "\xc3\xa4", long_label}},
      {"dns1123-subdomain", {"a", "a.b-c.d", "1.2"}, {"", ".a", "a.", "a..b", "A.b", "a.-b", std::string(254, 'a')}},
      {"dns1035-label", {"a", "a1-b"}, {"", "1a", "-a", "a-", "a.b", long_label}},
      {"qualified-name",
       {"a", "A_b.c-D", "x.io/A_b", "1"},
       {"", "/a", "x.io/", "a/b/c", "_a", "a-", "X.io/a", "a b", long_label}},
      {"label-value", {"", "a", "A_b.c-1", std::string(63, 'a')}, {"_", "a-", "a b", "a/b", long_label}},
      {"iana-svc-name", {"http", "a1", "1a", "a-b"}, {"", "80", "a--b", "-a", "a-", "A", "a_b", "abcdefghijklmnop"}},
      {"config-map-key", {"a", "A_b.c-1", ".a", "a..b"}, {"", ".", "..", "..a", "a/b", "a b", std::string(254, 'a')}},
      {"env-var-name", {"A", "_a.b-c", "1A", "a b"}, {"", "a=b", "a\nb", "\xc3\xa4"}},
      {"ip",
       {"10.0.0.1", "::1", "2001:db8::ffff", "::ffff:1.2.3.4"},
       {"", "10.0.0", "10.0.0.256", "10.0.0.1/8", "a", "10.0.0.01", ":::"}},
      {"cidr",
       {"10.0.0.0/8", "10.1.2.3/32", "::/0", "fd00::/128"},
       {"", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "/8"}},
      {"absolute-path", {"/", "/a"}, {"", "a", "./a"}},
      {"path-segment", {"a", "a b", "..."}, {".", "..", "a/b", "a%b"}},
      {"uuid",
       {"01234567-89ab-cdef-0123-456789ABCDEF"},
       {"", "01234567-89ab-cdef-0123-456789ABCDE", "0123456789abcdef0123456789abcdef0123",
        "g1234567-89ab-cdef-0123-456789ABCDEF"}},
  };
  for (const Row& row : rows) {
    for (const std::string& text : row.good) {
      INFO(row.format << " " << text);
      CHECK(check_format(row.format, text).empty());
    }
    for (const std::string& text : row.bad) {
      INFO(row.format << " " << text);
      CHECK_FALSE(check_format(row.format, text).empty());
    }
  }
}

TEST_CASE("formats complain in upstream's sentences") {
  CHECK(check_format("dns1123-label", "A") ==
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
  CHECK(check_format("dns1123-label", "a.b") == "must not contain dots");
  CHECK(check_format("dns1123-subdomain", "A_b") ==
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
  CHECK(
      check_format("dns1035-label", "1a") ==
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
      "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
      "'[a-z]([-a-z0-9]*[a-z0-9])?')");
  CHECK(format_messages("iana-svc-name", "-8") ==
        std::vector<std::string>{"must contain at least one letter (a-z)", "must not begin or end with a hyphen"});
  CHECK(check_format("iana-svc-name", "abcdefghijklmnop") == "must be no more than 15 characters");
  CHECK(check_format("qualified-name", "/a") == "prefix part must be non-empty");
  CHECK(check_format("config-map-key", "..") == "must not be '..'");
  CHECK(check_format("config-map-key", "..a") == "must not start with '..'");
  CHECK(check_format("ip", "x") == "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  CHECK(check_format("cidr", "x") == "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
  CHECK(check_format("path-segment", "..") == "may not be '..'");
  CHECK(format_messages("path-segment", "a/%").size() == 2);
}
