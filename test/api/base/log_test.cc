#include "api/base/log.h"

#include "api/base/json.h"

#include <catch2/catch.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace skiff {
namespace {

// What is logged while it exists, which goes to the default logger as everywhere.
class Captured {
 public:
  explicit Captured(LogFormat format) : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(
        internal::make_logger(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_), spdlog::level::info, format));
  }
  ~Captured() { spdlog::set_default_logger(before_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

constexpr const char* kAwkward = "a \"quote\", a \\, a\nnew line and \x1f[[\"audit-ID\",\"forged\"]]";

}  // namespace

TEST_CASE("a line of the log is an object where JSON is asked for") {
  const Captured log(LogFormat::kJson);
  spdlog::warn("it is {}", kAwkward);
  const auto line = parse_json(log.text());
  REQUIRE(line);
  CHECK(string_at(line->value, {"level"}) == "warning");
  CHECK(string_at(line->value, {"msg"}) == std::string("it is ") + kAwkward);
  CHECK(string_at(line->value, {"ts"}).size() == std::string("2026-11-23T06:00:00.000Z").size());
  CHECK(line->value.size() == 3);
  CHECK(log.text().ends_with("}\n"));
}

TEST_CASE("the fields of a line are not those of the next") {
  const Captured log(LogFormat::kText);
  log_fields(spdlog::level::info, "HTTP", {{"verb", "GET"}});
  spdlog::info("without");
  CHECK(log.text().ends_with(" info without\n"));
}

TEST_CASE("fields of a line") {
  const LogFields fields{{"verb", "GET"}, {"URI", kAwkward}};
  SECTION("as members") {
    const Captured log(LogFormat::kJson);
    log_fields(spdlog::level::info, "HTTP", fields);
    const auto line = parse_json(log.text());
    REQUIRE(line);
    CHECK(string_at(line->value, {"msg"}) == "HTTP");
    CHECK(string_at(line->value, {"verb"}) == "GET");
    CHECK(string_at(line->value, {"URI"}) == kAwkward);
  }
  SECTION("as text") {
    const Captured log(LogFormat::kText);
    log_fields(spdlog::level::info, "HTTP", fields);
    CHECK(log.text().ends_with(" info HTTP verb=\"GET\" URI=" + to_json_text(Json(kAwkward)) + "\n"));
  }
  SECTION("below the level nothing is logged") {
    const Captured log(LogFormat::kText);
    log_fields(spdlog::level::debug, "HTTP", fields);
    CHECK(log.text().empty());
  }
}

TEST_CASE("a level that there is not") { CHECK_FALSE(init_logging("loud")); }

}  // namespace skiff
