#include "nodeagent/runtime/oci/log_rotator.h"

#include "nodeagent/streaming/log_files.h"
#include "test/support/run.h"
#include "test/support/temp_dir.h"

#include <boost/asio/executor_work_guard.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

struct Rotation {
  Rotation() {
    const auto reopen = [this](const std::string& id) {
      if (id != "c1") ++strangers;
      if (answers) std::ofstream(path).flush();
      ++reopened;
    };
    rotator.emplace(context.get_executor(), pool, LogLimits{100, 3}, reopen, std::chrono::milliseconds(1));
  }
  ~Rotation() { test::run(context, rotator->stop()); }

  void write(int bytes) { std::ofstream(path, std::ios::app) << std::string(static_cast<std::size_t>(bytes), 'x'); }
  void until_reopened(int times) {
    test::run_until(context, [&] { return reopened >= times; });
  }

  test::TempDir directory;
  const std::string path = directory / "0.log";
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  asio::thread_pool pool{1};
  std::atomic<int> reopened = 0;
  std::atomic<int> strangers = 0;
  std::atomic<bool> answers = true;
  std::optional<oci::LogRotator> rotator;
};

}  // namespace

TEST_CASE("a log that grows too long is set aside") {
  Rotation rotation;
  rotation.write(100);
  rotation.rotator->follow("c1", rotation.path);
  SECTION("each time it does, and few files are kept") {
    for (int i = 1; i <= 5; ++i) {
      rotation.write(150);
      rotation.until_reopened(i);
      CHECK(std::filesystem::file_size(rotation.path) == 0);
      CHECK(list_log_files(rotation.path).size() == static_cast<std::size_t>(std::min(i + 1, 3)));
    }
  }
  SECTION("a supervisor that has not heard is told again") {
    rotation.answers = false;
    rotation.write(1);
    rotation.until_reopened(3);
    CHECK_FALSE(std::filesystem::exists(rotation.path));
    CHECK(list_log_files(rotation.path).size() == 1);
    rotation.answers = true;
    rotation.until_reopened(rotation.reopened + 1);
    CHECK(list_log_files(rotation.path).size() == 2);
  }
}

TEST_CASE("what an agent left half done is finished by the next") {
  Rotation rotation;
  rotation.write(150);
  REQUIRE(set_log_aside(rotation.path, 3));
  rotation.rotator->follow("c1", rotation.path);
  rotation.until_reopened(1);
  CHECK(list_log_files(rotation.path).size() == 2);
}

TEST_CASE("a supervisor whose log is being removed is left alone") {
  Rotation rotation;
  rotation.rotator->follow("removed", rotation.directory / "1.log");
  rotation.answers = false;
  rotation.write(101);
  rotation.rotator->follow("c1", rotation.path);
  // Both are looked at each time.
  rotation.until_reopened(3);
  CHECK(rotation.strangers == 0);
}
