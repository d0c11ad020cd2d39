#include "nodeagent/pods/termination_message.h"

#include "api/base/files.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

std::string log_of(int lines, const std::string& text) {
  std::string log;
  for (int i = 1; i <= lines; ++i) {
    log += "2026-11-22T10:37:17.519158583Z stderr F " + text + std::to_string(i) + "\n";
  }
  return log;
}

}  // namespace

TEST_CASE("a container's last words") {
  struct Row {
    const char* name;
    const char* policy;
    int exit_code;
    std::string message;
    std::string log;
    std::string expected;
  };
  std::string last_lines;
  for (int i = 21; i <= 100; ++i) last_lines += "line " + std::to_string(i) + "\n";
  const Row rows[] = {
      {"the file", "File", 1, "out of cheese", log_of(1, "log "), "out of cheese"},
      {"no file, no fallback", "File", 1, "", log_of(1, "log "), ""},
      {"the file before the log", "FallbackToLogsOnError", 1, "out of cheese", log_of(1, "log "), "out of cheese"},
      {"the log", "FallbackToLogsOnError", 1, "", log_of(2, "log "), "log 1\nlog 2\n"},
      {"not of a success", "FallbackToLogsOnError", 0, "", log_of(2, "log "), ""},
      {"at most 80 lines", "FallbackToLogsOnError", 1, "", log_of(100, "line "), last_lines},
      {"no log", "FallbackToLogsOnError", 1, "", "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const test::TempDir directory;
    PodFiles::Options options;
    options.root = directory.path();
    const PodFiles files(options);
    Json pod = test::make_pod();
    pod["spec"]["containers"][0]["terminationMessagePolicy"] = row.policy;
    const std::string pod_directory = files.pod_directory("uid-web");
    REQUIRE(make_directories(pod_directory + "/containers/main").has_value());
    REQUIRE(make_directories(pod_directory + "/logs/main").has_value());
    REQUIRE(write_file_atomically(pod_directory + "/containers/main/0.message", row.message, 0644).has_value());
    if (!row.log.empty()) {
      REQUIRE(write_file_atomically(files.log_path("uid-web", "main", 0), row.log, 0644).has_value());
    }
    ContainerStatus run;
    run.name = "main";
    run.exit_code = row.exit_code;
    CHECK(read_termination_message(files, pod, run) == row.expected);
  }
}

TEST_CASE("last words are not long") {
  const test::TempDir directory;
  PodFiles::Options options;
  options.root = directory.path();
  const PodFiles files(options);
  Json pod = test::make_pod();
  pod["spec"]["containers"][0]["terminationMessagePolicy"] = "FallbackToLogsOnError";
  for (int i = 0; i < 7; ++i) pod["spec"]["containers"].push_back(test::make_container("c" + std::to_string(i)));
  ContainerStatus run;
  run.name = "main";
  run.exit_code = 1;
  REQUIRE(make_directories(files.log_directory("uid-web") + "/main").has_value());
  const std::string log = "2026-11-22T10:37:17.519158583Z stdout F " + std::string(5000, 'x') + "\n";
  REQUIRE(write_file_atomically(files.log_path("uid-web", "main", 0), log, 0644).has_value());
  CHECK(read_termination_message(files, pod, run).size() == 12 * 1024 / 8);
  pod["spec"]["containers"].erase(1);
  pod["spec"]["containers"].erase(1);
  pod["spec"]["containers"].erase(1);
  CHECK(read_termination_message(files, pod, run).size() == 2048);
}
