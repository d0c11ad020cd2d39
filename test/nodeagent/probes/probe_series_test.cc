#include "nodeagent/probes/probe_series.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const TimePoint kSeriesStart = *parse_time("2026-11-22T12:00:00Z");

}  // namespace

TEST_CASE("a probe's figures and their defaults") {
  const ProbeSettings defaults = probe_settings(Json::object());
  CHECK(defaults.initial_delay == 0s);
  CHECK(defaults.period == 10s);
  CHECK(defaults.timeout == 1s);
  CHECK(defaults.success_threshold == 1);
  CHECK(defaults.failure_threshold == 3);
  const ProbeSettings given = probe_settings({{"initialDelaySeconds", 5},
                                              {"periodSeconds", 2},
                                              {"timeoutSeconds", 3},
                                              {"successThreshold", 4},
                                              {"failureThreshold", 1}});
  CHECK(given.initial_delay == 5s);
  CHECK(given.period == 2s);
  CHECK(given.timeout == 3s);
  CHECK(given.success_threshold == 4);
  CHECK(given.failure_threshold == 1);
}

TEST_CASE("when probes are due") {
  ProbeSettings settings;
  settings.initial_delay = 5s;
  settings.period = 10s;
  ProbeSeries series(settings, kSeriesStart);
  CHECK(series.due() == kSeriesStart + 5s);
  series.begin(kSeriesStart + 6s);
  CHECK_FALSE(series.due().has_value());  // one at a time
  static_cast<void>(series.count(true));
  CHECK(series.due() == kSeriesStart + 16s);
  series.begin(kSeriesStart + 16s);
  series.drop();
  CHECK(series.due() == kSeriesStart + 26s);
  series.end();
  CHECK_FALSE(series.due().has_value());
}

TEST_CASE("thresholds decide") {
  struct Row {
    const char* name;
    int successes, failures;
    std::string results;    // + passed, - failed, ? counts for nothing
    std::string decisions;  // + or - when that decided, . when not
  };
  const Row rows[] = {
      {"one success is enough", 1, 3, "+", "+"},
      {"three failures in a row", 1, 3, "---", "..-"},
      {"a success begins anew", 1, 3, "--+--+---", "..+..+..-"},
      {"two successes in a row", 2, 3, "+-++", "...+"},
      {"one failure is enough", 1, 1, "+-+", "+-+"},
      {"what did not work is left out", 1, 3, "-?-?-", "....-"},
      {"it stays decided", 1, 2, "----", ".---"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    ProbeSettings settings;
    settings.success_threshold = row.successes;
    settings.failure_threshold = row.failures;
    ProbeSeries series(settings, kSeriesStart);
    std::string decisions;
    for (const char result : row.results) {
      series.begin(kSeriesStart);
      std::optional<bool> decided;
      if (result == '?') {
        series.drop();
      } else {
        decided = series.count(result == '+');
      }
      decisions += !decided ? '.' : *decided ? '+' : '-';
    }
    CHECK(decisions == row.decisions);
  }
}
