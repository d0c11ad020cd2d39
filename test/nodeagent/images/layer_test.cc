#include "nodeagent/images/layer.h"

#include "api/base/ids.h"
#include "test/nodeagent/images/tar_builder.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace skiff::nodeagent::testing {
namespace {

namespace fs = std::filesystem;

// Whiteouts are devices and trusted attributes: only root makes them.
bool skip_without_root() {
  if (geteuid() == 0) return false;
  WARN("skipped: unpacking layers needs root");
  return true;
}

}  // namespace

TEST_CASE("a layer becomes an overlayfs directory, whatever it is compressed with") {
  if (skip_without_root()) return;
  const skiff::test::TempDir work;
  const std::vector<TarEntry> entries = {{"./", "", 'd', 0755},
                                         {"./bin/", "", 'd', 0755},
                                         {"./bin/run", "#!/bin/sh\n", 'f', 04755},
                                         {"/etc/name", "skiff", 'f', 0640},
                                         {"bin/link", "run", 'l', 0777},
                                         {"bin/hard", "./bin/run", 'h', 04755},
                                         {"gone/", "", 'd', 0755},
                                         {"gone/.wh.file", "", 'f', 0644},
                                         {"gone/.wh..wh..opq", "", 'f', 0644}};
  write_tar(work / "plain", entries);
  const std::string diff_id = "sha256:" + sha256_hex(file_text(work / "plain"));
  for (const char* filter : {"", "gzip", "zstd"}) {
    DYNAMIC_SECTION("filter '" << filter << "'") {
      write_tar(work / "layer", entries, filter);
      fs::create_directory(work / "out");
      const auto unpacked = unpack_layer(work / "layer", work / "out", {});
      REQUIRE(unpacked);
      CHECK(unpacked->diff_id == diff_id);
      CHECK(unpacked->size_bytes == 15);
      CHECK(file_text(work / "out/bin/run") == "#!/bin/sh\n");
      CHECK(file_text(work / "out/etc/name") == "skiff");
      CHECK(fs::read_symlink(work / "out/bin/link") == "run");
      struct stat run {
      }, hard{}, whiteout{};
      REQUIRE(stat((work / "out/bin/run").c_str(), &run) == 0);
      CHECK((run.st_mode & 07777) == 04755);
      CHECK(run.st_mtim.tv_sec == 1'000'000);
      REQUIRE(stat((work / "out/bin/hard").c_str(), &hard) == 0);
      CHECK(hard.st_ino == run.st_ino);
      REQUIRE(lstat((work / "out/gone/file").c_str(), &whiteout) == 0);
      CHECK(S_ISCHR(whiteout.st_mode));
      CHECK(whiteout.st_rdev == makedev(0, 0));
      char opaque = ' ';
      REQUIRE(lgetxattr((work / "out/gone").c_str(), "trusted.overlay.opaque", &opaque, 1) == 1);
      CHECK(opaque == 'y');
      CHECK_FALSE(fs::exists(work / "out/gone/.wh..wh..opq"));
    }
  }
}

TEST_CASE("a layer cannot write outside of its directory") {
  if (skip_without_root()) return;
  const skiff::test::TempDir work;
  fs::create_directory(work / "out");
  fs::create_directory(work / "victim");
  std::ofstream(work / "victim/file") << "untouched";
  const std::string victim = work / "victim";
  struct Row {
    const char* name;
    std::vector<TarEntry> entries;
  };
  const std::vector<Row> rows = {
      {"dots", {{"../victim/file", "evil"}}},
      {"dots inside", {{"a/../../victim/file", "evil"}}},
      {"through a link", {{"door", victim, 'l'}, {"door/file", "evil"}}},
      {"hard link out", {{"file", victim + "/../victim/file", 'h'}, {"file", "evil"}}},
      {"whiteout through a link", {{"door", victim, 'l'}, {"door/.wh.file", ""}}},
      {"opaque through a link", {{"door", victim, 'l'}, {"door/.wh..wh..opq", ""}}},
      {"whiteout of dots", {{".wh...", ""}}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      write_tar(work / "layer", row.entries);
      (void)unpack_layer(work / "layer", work / "out", {});
      CHECK(file_text(work / "victim/file") == "untouched");
      CHECK(fs::is_regular_file(work / "victim/file"));
      CHECK(lgetxattr(victim.c_str(), "trusted.overlay.opaque", nullptr, 0) < 0);
    }
  }
}

TEST_CASE("a damaged layer is an error") {
  if (skip_without_root()) return;
  const skiff::test::TempDir work;
  fs::create_directory(work / "out");
  const std::string content(200'000, 'x');
  write_tar(work / "layer", {{"file", content}}, "gzip");
  std::string bytes = file_text(work / "layer");
  SECTION("cut short") {
    std::ofstream(work / "layer", std::ios::trunc) << bytes.substr(0, bytes.size() / 2);
    CHECK_FALSE(unpack_layer(work / "layer", work / "out", {}));
  }
  SECTION("not a tar") {
    std::ofstream(work / "layer", std::ios::trunc) << "hello, this is no tar";
    CHECK_FALSE(unpack_layer(work / "layer", work / "out", {}));
  }
}

}  // namespace skiff::nodeagent::testing
