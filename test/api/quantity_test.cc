#include "api/quantity.h"

#include <catch2/catch.hpp>

using skiff::api::Quantity;

TEST_CASE("quantities are read and written in canonical form") {
  struct Row {
    const char* text;
    const char* canonical;
    std::int64_t value;
    std::int64_t milli;
  };
  const Row row = GENERATE(
      Row{"0", "0", 0, 0}, Row{"0m", "0", 0, 0}, Row{"1", "1", 1, 1000}, Row{"+5", "5", 5, 5000},
      Row{"-5", "-5", -5, -5000}, Row{"0.5", "500m", 1, 500}, Row{".5", "500m", 1, 500}, Row{"1.", "1", 1, 1000},
      Row{"1.5", "1500m", 2, 1500}, Row{"-1.5", "-1500m", -2, -1500}, Row{"100m", "100m", 1, 100},
      Row{"1000m", "1", 1, 1000}, Row{"1u", "1u", 1, 1}, Row{"1n", "1n", 1, 1}, Row{"0.1n", "1n", 1, 1},
      Row{"64Mi", "64Mi", 67108864, 67108864000}, Row{"1024Mi", "1Gi", 1073741824, 1073741824000},
      Row{"1000Ki", "1000Ki", 1024000, 1024000000}, Row{"1.5Gi", "1536Mi", 1610612736, 1610612736000},
      Row{"0.5Ki", "512", 512, 512000}, Row{"0.1Ki", "102400m", 103, 102400},
      Row{"1500Mi", "1500Mi", 1572864000, 1572864000000}, Row{"1k", "1k", 1000, 1000000},
      Row{"1500k", "1500k", 1500000, 1500000000}, Row{"1000k", "1M", 1000000, 1000000000},
      Row{"1M", "1M", 1000000, 1000000000}, Row{"12e6", "12e6", 12000000, 12000000000},
      Row{"1E3", "1e3", 1000, 1000000}, Row{"1e-3", "1e-3", 1, 1}, Row{"1e0", "1", 1, 1000},
      Row{"100000", "100k", 100000, 100000000}, Row{"123456789", "123456789", 123456789, 123456789000});
  INFO(row.text);
  const auto quantity = Quantity::parse(row.text);
  REQUIRE(quantity);
  CHECK(quantity->to_string() == row.canonical);
  CHECK(quantity->value() == row.value);
  CHECK(quantity->milli_value() == row.milli);
  CHECK(Quantity::parse(quantity->to_string()) == quantity);
}

TEST_CASE("what is not a quantity is refused with upstream's sentence") {
  constexpr const char* kForm =
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  constexpr const char* kSuffix = "unable to parse quantity's suffix";
  using Row = std::pair<const char*, const char*>;
  const Row row = GENERATE_COPY(Row{"", kForm}, Row{"a", kForm}, Row{".", kForm}, Row{"+", kForm}, Row{"1.2.3", kForm},
                                Row{"1 Gi", kForm}, Row{" 1", kForm}, Row{"0x10", kForm}, Row{"1mi", kSuffix},
                                Row{"1K", kSuffix}, Row{"1ki", kSuffix}, Row{"1GiB", kForm}, Row{"1e", kSuffix},
                                Row{"1e99999999999", kSuffix}, Row{"1e3k", kSuffix}, Row{"1Gi5", kSuffix});
  INFO(row.first);
  CHECK_FALSE(Quantity::parse(row.first));
  CHECK(Quantity::parse_error(row.first) == row.second);
}

TEST_CASE("huge quantities are capped and tiny ones rounded up") {
  const std::string digits(5000, '9');
  for (const std::string& text : {digits, digits + "Ei", digits + "." + digits, std::string("1e2000000000"),
                                  std::string("9223372036854775808"), std::string("16Ei")}) {
    INFO(text.substr(0, 40));
    REQUIRE(Quantity::parse(text));
    CHECK(Quantity::parse(text)->value() == INT64_MAX);
    CHECK(Quantity::parse(text)->milli_value() == INT64_MAX);
    CHECK(Quantity::parse("-" + text)->value() == -INT64_MAX);
  }
  const std::string tiny = "0." + std::string(5000, '0') + "1";
  CHECK(Quantity::parse(tiny)->to_string() == "1n");
  CHECK(Quantity::parse("1e-2000000000")->to_string() == "1e-9");
  CHECK(Quantity::parse("0e2000000000")->is_zero());
}

TEST_CASE("quantities are added and compared across suffix families") {
  Quantity sum = *Quantity::parse("500m");
  sum += *Quantity::parse("1Ki");
  CHECK(sum.to_string() == "1024500m");
  sum -= *Quantity::parse("0.5");
  CHECK(sum == *Quantity::parse("1024"));
  Quantity memory;
  memory += *Quantity::parse("512Mi");
  memory += *Quantity::parse("512Mi");
  CHECK(memory.to_string() == "1Gi");
  CHECK(*Quantity::parse("1G") < *Quantity::parse("1Gi"));
  CHECK(Quantity::from_milli(1500) == *Quantity::parse("1.5"));
  CHECK(Quantity::from_integer(-2).is_negative());
  CHECK(Quantity::from_bytes(64 << 20).to_string() == "64Mi");
  CHECK(Quantity::from_bytes(1025).to_string() == "1025");
}
