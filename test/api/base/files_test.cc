#include "api/base/files.h"

#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace skiff {

TEST_CASE("write_file_atomically replaces a file and leaves nothing beside it") {
  const test::TempDir directory;
  const std::string path = directory / "file";
  const Sync sync = GENERATE(Sync::kNothing, Sync::kFile, Sync::kFileSystem);
  REQUIRE(write_file_atomically(path, "old and longer", 0600, sync));
  REQUIRE(write_file_atomically(path, std::string(100'000, 'n'), 0644, sync));
  CHECK(*read_file(path) == std::string(100'000, 'n'));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
  CHECK(list_directory(directory.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("write_file_atomically keeps the old file when it cannot make the new one") {
  const test::TempDir directory;
  REQUIRE(make_directories(directory / "target/full"));
  CHECK_FALSE(write_file_atomically(directory / "target", "text"));  // a directory does not give way to a file
  CHECK(list_directory(directory.path()) == std::vector<std::string>{"target"});
  const auto nowhere = write_file_atomically(directory / "missing/file", "text");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == ErrorCode::kNotFound);
}

TEST_CASE("What a writer that was killed left is removed, and nothing else") {
  const test::TempDir directory;
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &none);  // the first byte is a deadly signal
    static_cast<void>(write_file_atomically(directory / "config", "new"));
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(writer, &status, 0) == writer);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(list_directory(directory.path()).size() == 1);
  const std::vector<std::string> others{"config", "config.new", "config.new-12345", "x.new-0123456g", ".new-01234567"};
  for (const std::string& name : others) REQUIRE(write_file_atomically(directory / name, "kept"));

  remove_unfinished_files(directory.path());
  CHECK_THAT(list_directory(directory.path()), Catch::Matchers::UnorderedEquals(others));
  remove_unfinished_files(directory / "missing");
}

TEST_CASE("read_file names the file that is missing") {
  const auto missing = read_file("/nowhere/at/all");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message == "open /nowhere/at/all: No such file or directory");
}

TEST_CASE("read_file gives up on what is too large to be read as a whole") {
  const test::TempDir directory;
  REQUIRE(write_file_atomically(directory / "file", "start"));
  REQUIRE(::truncate((directory / "file").c_str(), static_cast<off_t>(1) << 40) == 0);
  const auto large = read_file(directory / "file");
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::kInvalid);
  REQUIRE(::truncate((directory / "file").c_str(), kMaxFileBytes) == 0);
  CHECK(read_file(directory / "file")->size() == kMaxFileBytes);
}

TEST_CASE("lock_file lets one in at a time") {
  const test::TempDir directory;
  auto first = lock_file(directory / "lock", false);
  REQUIRE(first);
  CHECK(*first);
  const auto second = lock_file(directory / "lock", false);
  REQUIRE(second);
  CHECK_FALSE(*second);
  first->reset();
  const auto third = lock_file(directory / "lock", true);
  REQUIRE(third);
  CHECK(*third);
}

TEST_CASE("remove_tree does not follow symbolic links") {
  const test::TempDir directory;
  REQUIRE(make_directories(directory / "tree/deep/deeper"));
  REQUIRE(make_directories(directory / "other"));
  REQUIRE(write_file_atomically(directory / "other/kept", "text"));
  REQUIRE(::symlink((directory / "other").c_str(), (directory / "tree/deep/link").c_str()) == 0);
  REQUIRE(remove_tree(directory / "tree"));
  REQUIRE(remove_tree(directory / "tree"));  // gone is success
  CHECK_FALSE(path_exists(directory / "tree"));
  CHECK(path_exists(directory / "other/kept"));
}

}  // namespace skiff
