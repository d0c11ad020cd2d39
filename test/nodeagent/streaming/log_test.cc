#include "nodeagent/streaming/log_lines.h"
#include "nodeagent/streaming/log_stream.h"
#include "nodeagent/streaming/log_target.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/run.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <fstream>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const char* const kLog =
    "2026-11-22T12:00:00.000000001+00:00 stdout F one\n"
    "2026-11-22T12:00:01.000000000Z stderr P tw\n"
    "2026-11-22T12:00:01.000000000Z stderr F o\n"
    "2026-11-22T12:00:02.500000000Z stdout F \n"
    "2026-11-22T12:00:03.000000000Z stdout F four\n";

void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }

}  // namespace

TEST_CASE("log lines") {
  struct Row {
    const char* name;
    LogFormatter::Options options;
    std::string expected;
  };
  const Row rows[] = {
      {"plain", {}, "one\ntwo\n\nfour\n"},
      {"timestamps stand at line starts",
       {true, {}, {}},
       "2026-11-22T12:00:00.000000001Z one\n2026-11-22T12:00:01.000000000Z two\n2026-11-22T12:00:02.500000000Z \n"
       "2026-11-22T12:00:03.000000000Z four\n"},
      {"since", {false, parse_time("2026-11-22T12:00:02Z"), {}}, "\nfour\n"},
      {"limit", {false, {}, 6}, "one\ntw"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(LogFormatter(row.options).add(kLog) == row.expected);
    LogFormatter bytewise(row.options);
    std::string output;
    for (const char byte : std::string(kLog)) output += bytewise.add(std::string(1, byte));
    CHECK(output == row.expected);
  }
  for (const char* broken :
       {"", "no time", "2026-11-22T12:00:00Z stdout", "2026-11-22T12:00:00Z stdout X text", "x y F z"}) {
    INFO(broken);
    CHECK_FALSE(parse_log_line(broken).has_value());
  }
}

TEST_CASE("a log stream") {
  test::TempDir directory;
  asio::io_context context;
  asio::thread_pool pool(1);
  LogStreamOptions options;
  options.path = directory / "0.log";

  const auto read_all = [&](LogStream& stream) {
    std::string all;
    for (;;) {
      auto piece = test::run(context, stream.next());
      REQUIRE(piece.has_value());
      if (!*piece) return all;
      CHECK_FALSE((*piece)->empty());
      all += **piece;
    }
  };

  SECTION("of a missing file is empty") {
    LogStream stream(pool, options);
    CHECK(read_all(stream).empty());
  }
  SECTION("tail") {
    append(options.path, kLog);
    const std::pair<std::int64_t, const char*> rows[] = {
        {0, ""}, {1, "four\n"}, {2, "\nfour\n"}, {5, "one\ntwo\n\nfour\n"}, {100, "one\ntwo\n\nfour\n"}};
    for (const auto& [lines, expected] : rows) {
      INFO(lines);
      options.tail_lines = lines;
      LogStream stream(pool, options);
      CHECK(read_all(stream) == expected);
    }
  }
  SECTION("more than a block") {
    std::string expected;
    for (int i = 0; i < 20000; ++i) {
      append(options.path, "2026-11-22T12:00:00Z stdout F line\n");
      expected += "line\n";
    }
    LogStream stream(pool, options);
    CHECK(read_all(stream) == expected);
    options.tail_lines = 15000;
    LogStream tail(pool, options);
    CHECK(read_all(tail).size() == 15000 * 5);
  }
  SECTION("follow") {
    options.follow = true;
    options.end = std::make_shared<LogEnd>();
    append(options.path, "2026-11-22T12:00:00Z stdout F one\n");
    LogStream stream(pool, options);
    CHECK(test::run(context, stream.next()).value() == "one\n");

    std::optional<std::string> piece;
    bool done = false;
    const auto read = [](LogStream& from, std::optional<std::string>& to, bool& is_done) -> Task<void> {
      auto next = co_await from.next();
      to = next.value();
      is_done = true;
    };
    asio::co_spawn(context, read(stream, piece, done), asio::detached);
    test::run_ready(context);
    CHECK_FALSE(done);

    SECTION("sees what comes") {
      append(options.path, "2026-11-22T12:00:01Z stdout F two\n");
      test::run_until(context, [&] { return done; });
      CHECK(piece == "two\n");
    }
    SECTION("ends with the container, after its last words") {
      append(options.path, "2026-11-22T12:00:01Z stdout F last\n");
      options.end->announce();
      test::run_until(context, [&] { return done; });
      CHECK(piece == "last\n");
      CHECK_FALSE(test::run(context, stream.next()).value().has_value());
    }
    SECTION("can be cancelled") {
      stream.cancel();
      test::run_until(context, [&] { return done; });
      CHECK_FALSE(piece.has_value());
    }
  }
}

TEST_CASE("which run a log request means") {
  Json pod = test::make_pod();
  PodState state;
  ContainerMemory& record = state.containers["main"];
  const auto attempt = [](std::uint32_t number, ContainerState container_state) {
    ContainerStatus status;
    status.attempt = number;
    status.id = "c" + std::to_string(number);
    status.state = container_state;
    return Attempt{status, "", "", false};
  };
  const auto message = [&](bool previous = false) {
    const auto target = find_log_target(pod, state, "main", previous);
    return target ? "" : target.error().message;
  };

  SECTION("none yet") {
    CHECK(message() == "container \"main\" in pod \"web\" is waiting to start: ContainerCreating");
    record.waiting = Waiting{"ErrImagePull", ""};
    CHECK(message() == "container \"main\" in pod \"web\" is waiting to start: image can't be pulled");
    record.waiting = Waiting{"ImagePullBackOff", ""};
    CHECK(message() == "container \"main\" in pod \"web\" is waiting to start: trying and failing to pull image");
    CHECK(message(true) == "previous terminated container \"main\" in pod \"web\" not found");
    CHECK(find_log_target(pod, state, "main", true).error().code() == 400);
  }
  SECTION("unknown container") {
    CHECK(find_log_target(pod, state, "nope", false).error().message ==
          "container \"nope\" in pod \"web\" is not available");
  }
  SECTION("the running one and the one before") {
    record.latest = attempt(3, ContainerState::kRunning);
    record.previous = std::make_shared<Attempt>(attempt(2, ContainerState::kExited));
    CHECK(find_log_target(pod, state, "", false)->attempt == 3);
    CHECK(find_log_target(pod, state, "", false)->running);
    CHECK(find_log_target(pod, state, "main", true)->attempt == 2);
  }
  SECTION("while it waits to be restarted, the last run is both") {
    record.latest = attempt(3, ContainerState::kExited);
    record.waiting = Waiting{"CrashLoopBackOff", ""};
    CHECK(find_log_target(pod, state, "main", false)->attempt == 3);
    CHECK(find_log_target(pod, state, "main", true)->attempt == 3);
  }
}
