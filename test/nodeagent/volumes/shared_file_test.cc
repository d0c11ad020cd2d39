#include "nodeagent/volumes/shared_file.h"

#include "api/base/files.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace skiff;
using namespace skiff::nodeagent;

TEST_CASE("the end of a file, however large a container has made it") {
  const test::TempDir directory;
  const std::string path = directory / "file";
  REQUIRE(write_file_atomically(path, "0123456789", 0666));
  CHECK(*read_end_of_shared_file(path, 4) == "6789");
  CHECK(*read_end_of_shared_file(path, 4096) == "0123456789");

  REQUIRE(::truncate(path.c_str(), static_cast<off_t>(1) << 40) == 0);
  CHECK(*read_end_of_shared_file(path, 4096) == std::string(4096, '\0'));
  CHECK(read_end_of_shared_file(directory / "none", 4096).error().code == ErrorCode::kNotFound);
}

TEST_CASE("what is no regular file is neither waited for nor followed") {
  const test::TempDir directory;
  const std::string path = directory / "file";
  const std::string behind = directory / "behind";
  REQUIRE(write_file_atomically(behind, "secret"));
  SECTION("a pipe") { REQUIRE(::mkfifo(path.c_str(), 0666) == 0); }
  SECTION("a link") { REQUIRE(::symlink(behind.c_str(), path.c_str()) == 0); }
  SECTION("a directory") { REQUIRE(::mkdir(path.c_str(), 0777) == 0); }
  CHECK_FALSE(read_end_of_shared_file(path, 4096));
  CHECK_FALSE(write_shared_file(path, "text", 0644));
  CHECK(*read_file(behind) == "secret");
}

TEST_CASE("a shared file is written in place") {
  const test::TempDir directory;
  const std::string path = directory / "file";
  REQUIRE(write_shared_file(path, "first", 0644));
  const UniqueFd mounted(::open(path.c_str(), O_RDWR | O_CLOEXEC));  // as a container has it
  struct stat before {};
  REQUIRE(::fstat(mounted.get(), &before) == 0);
  CHECK((before.st_mode & 0777) == 0644);
  CHECK(shared_file_holds(mounted.get(), "first"));
  CHECK_FALSE(shared_file_holds(mounted.get(), "firs"));
  CHECK_FALSE(shared_file_holds(mounted.get(), "first!"));

  SECTION("longer, shorter and empty") {
    for (const char* text : {"a longer text", "short", ""}) {
      REQUIRE(write_shared_file(path, text, 0644));
      CHECK(shared_file_holds(mounted.get(), text));
    }
  }
  SECTION("nothing of what a container made of it is left") {
    REQUIRE(::ftruncate(mounted.get(), static_cast<off_t>(1) << 40) == 0);
    REQUIRE(write_shared_file(path, "second", 0644));
    CHECK(shared_file_holds(mounted.get(), "second"));
  }
  SECTION("not at all when it holds the text already") {
    REQUIRE(write_shared_file(path, "first", 0644));
    struct stat after {};
    REQUIRE(::fstat(mounted.get(), &after) == 0);
    CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
  }
}
