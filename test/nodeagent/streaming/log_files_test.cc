#include "nodeagent/streaming/log_files.h"

#include "nodeagent/streaming/log_lines.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

// Writes a log as the shim does: into one file until it is told to make it anew.
class Supervisor {
 public:
  explicit Supervisor(std::string path) : path_(std::move(path)) { reopen(); }

  void reopen() {
    const std::string temporary = path_ + ".tmp";
    file_.reset(::open(temporary.c_str(), O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0640));
    std::filesystem::rename(temporary, path_);
  }
  void say(int lines = 1) {
    for (int i = 0; i < lines; ++i) {
      const std::string line = std::to_string(++said_) + "\n";
      REQUIRE(::write(file_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    }
  }
  [[nodiscard]] int said() const { return said_; }

 private:
  const std::string path_;
  UniqueFd file_;
  int said_ = 0;
};

// All that there is to read.
std::string read_all(LogReader& reader) {
  std::string all;
  for (;;) {
    const auto block = reader.read();
    REQUIRE(block);
    if (block->empty()) return all;
    all += *block;
  }
}

// "3\n4\n5\n".
std::string lines(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) text += std::to_string(i) + "\n";
  return text;
}

std::vector<std::string> names(const std::string& path) {
  std::vector<std::string> found;
  for (const LogFile& file : list_log_files(path)) found.push_back(std::filesystem::path(file.path).filename());
  return found;
}

}  // namespace

TEST_CASE("a log that is set aside keeps its newest files") {
  test::TempDir directory;
  const std::string path = directory / "0.log";
  Supervisor supervisor(path);
  CHECK(names(path) == std::vector<std::string>{"0.log"});
  for (int i = 0; i < 12; ++i) {
    REQUIRE(set_log_aside(path, 3));
    CHECK(list_log_files(path).size() <= 2);
    supervisor.reopen();
  }
  // By number, not by name.
  CHECK(names(path) == std::vector<std::string>{"0.log.11", "0.log.12", "0.log"});
  REQUIRE(set_log_aside(path, 2));
  supervisor.reopen();
  CHECK(names(path) == std::vector<std::string>{"0.log.13", "0.log"});
  CHECK_FALSE(set_log_aside(directory / "1.log", 2));
  Supervisor other(directory / "0.log.not");
  remove_log_files(path);
  CHECK(names(path).empty());
  CHECK(std::filesystem::exists(directory / "0.log.not"));
}

TEST_CASE("a log is read across its files") {
  test::TempDir directory;
  const std::string path = directory / "0.log";
  Supervisor supervisor(path);
  supervisor.say(3);
  REQUIRE(set_log_aside(path, 5));
  supervisor.say(1);  // it has not heard of it yet
  supervisor.reopen();
  supervisor.say(2);
  REQUIRE(set_log_aside(path, 5));
  supervisor.reopen();
  supervisor.say(1);

  LogReader all(path);
  CHECK(read_all(all) == lines(1, 7));
  for (const auto& [wanted, first] :
       {std::pair(0, 8), {1, 7}, {2, 6}, {3, 5}, {4, 4}, {6, 2}, {7, 1}, {8, 1}, {100, 1}}) {
    INFO(wanted);
    LogReader tail(path, wanted);
    CHECK(read_all(tail) == lines(first, 7));
  }
}

TEST_CASE("whoever follows a log misses nothing and reads nothing twice") {
  test::TempDir directory;
  const std::string path = directory / "0.log";
  LogReader early(path);
  CHECK(read_all(early).empty());
  Supervisor supervisor(path);
  supervisor.say();
  CHECK(read_all(early) == lines(1, 1));

  // Whatever comes between two looks.
  const auto step = [&](int what) {
    switch (what) {
      case 0:
        supervisor.say();
        break;
      case 1:
        REQUIRE(set_log_aside(path, 20));
        break;
      case 2:
        supervisor.reopen();
        break;
    }
  };
  SECTION("it looks after every step") {
    for (const int what : {0, 1, 0, 2, 0, 1, 2, 0, 0, 1, 0, 0, 2, 1, 2, 0}) {
      const int before = supervisor.said();
      step(what);
      CHECK(read_all(early) == lines(before + 1, supervisor.said()));
    }
  }
  SECTION("it looks late") {
    for (const int what : {0, 1, 0, 2, 0, 1, 0, 2, 1, 2, 0, 1, 2}) step(what);
    CHECK(read_all(early) == lines(2, supervisor.said()));
    step(0);
    CHECK(read_all(early) == lines(supervisor.said(), supervisor.said()));
  }
  SECTION("what was removed before it was reached is lost, and nothing else") {
    supervisor.say();                 // 2, in the file that it reads
    REQUIRE(set_log_aside(path, 2));  // .1
    supervisor.reopen();
    supervisor.say();                 // 3, never read
    REQUIRE(set_log_aside(path, 2));  // .2; .1 goes
    supervisor.reopen();
    supervisor.say();                 // 4
    REQUIRE(set_log_aside(path, 2));  // .3; .2 goes
    supervisor.reopen();
    supervisor.say();  // 5
    CHECK(read_all(early) == "2\n4\n5\n");
  }
  SECTION("a log that is removed has no more to say") {
    remove_log_files(path);
    CHECK(read_all(early).empty());
  }
}
