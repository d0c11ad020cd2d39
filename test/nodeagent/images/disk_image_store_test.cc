#include "nodeagent/images/disk_image_store.h"

#include "test/nodeagent/images/tar_builder.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace skiff::nodeagent::testing {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<DiskImageStore> open_store(const std::string& directory) {
  auto store = DiskImageStore::open(directory);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

std::size_t entries_in(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

const std::vector<TarEntry> kBase = {{"bin", "", 'd', 0755}, {"bin/run", "base", 'f', 0755}};
const std::vector<TarEntry> kTop = {{"etc", "", 'd', 0755}, {"etc/top", "top"}};
const std::vector<TarEntry> kOther = {{"etc", "", 'd', 0755}, {"etc/other", "other"}};

}  // namespace

TEST_CASE("archives of both forms are loaded, and share layers") {
  if (geteuid() != 0) {
    WARN("skipped: unpacking layers needs root");
    return;
  }
  const skiff::test::TempDir work;
  const auto store = open_store(work / "store");
  const std::string docker_id = write_docker_archive(work / "docker.tar", "demo:1", {kBase, kTop});
  const std::string oci_id = write_oci_archive(work / "oci.tar", "localhost:5000/other:2", {kBase, kOther}, "zstd");

  const auto docker = store->load(work / "docker.tar");
  REQUIRE(docker);
  REQUIRE(docker->size() == 1);
  CHECK(docker->front().id == docker_id);
  CHECK(docker->front().repo_tags == std::vector<std::string>{"docker.io/library/demo:1"});
  const auto oci = store->load(work / "oci.tar");
  REQUIRE(oci);
  REQUIRE(oci->size() == 1);
  CHECK(oci->front().id == oci_id);
  CHECK(oci->front().repo_digests.size() == 1);
  CHECK(entries_in(work / "store/layers") == 3 * 2);
  CHECK(entries_in(work / "store/work") == 0);

  const auto found = store->find("demo:1");
  REQUIRE(found);
  REQUIRE(*found);
  const Image& image = **found;
  CHECK(image.size_bytes == 7);
  CHECK(image.config.command == std::vector<std::string>{"/bin/run"});
  CHECK(image.config.environment == std::vector<std::string>{"A=b"});
  CHECK(image.config.user == "1000");
  CHECK(image.config.working_directory == "/w");
  REQUIRE(image.layer_directories.size() == 2);
  CHECK(file_text(image.layer_directories[0] + "/bin/run") == "base");
  CHECK(file_text(image.layer_directories[1] + "/etc/top") == "top");

  CHECK((*store->find(docker_id))->id == docker_id);
  CHECK((*store->find(oci->front().repo_digests.front()))->id == oci_id);
  CHECK_FALSE(*store->find("demo:2"));
  CHECK(store->find("A:B:C").error().code == ErrorCode::kInvalid);

  SECTION("a second process sees the same") {
    const auto other = open_store(work / "store");
    CHECK(other->list()->size() == 2);
    REQUIRE(other->remove("demo:1"));
    CHECK_FALSE(*store->find("demo:1"));
  }
  SECTION("removal keeps what others use") {
    REQUIRE(store->remove("demo:1"));
    CHECK(entries_in(work / "store/layers") == 2 * 2);
    CHECK(file_text((*store->find("localhost:5000/other:2"))->layer_directories[0] + "/bin/run") == "base");
    CHECK(store->remove("demo:1").error().code == ErrorCode::kNotFound);
    REQUIRE(store->remove(oci_id));
    CHECK(entries_in(work / "store/layers") == 0);
  }
  SECTION("a name moves to the image that was loaded last") {
    const std::string newer = write_docker_archive(work / "newer.tar", "demo:1", {kBase, kOther});
    REQUIRE(store->load(work / "newer.tar"));
    CHECK((*store->find("demo:1"))->id == newer);
    CHECK((*store->find(docker_id))->repo_tags.empty());
  }
}

TEST_CASE("the store knows what users want to keep, and what was used when") {
  if (geteuid() != 0) {
    WARN("skipped: unpacking layers needs root");
    return;
  }
  const skiff::test::TempDir work;
  const auto store = open_store(work / "store");
  const std::string first = write_docker_archive(work / "first.tar", "demo:1", {kBase});
  const auto before = std::chrono::system_clock::now() - std::chrono::seconds(1);
  REQUIRE(store->load(work / "first.tar"));
  CHECK((*store->find("demo:1"))->pinned);
  CHECK((*store->find("demo:1"))->stored_at > before);
  CHECK(store->list()->front().last_used == TimePoint());

  const TimePoint noon = *parse_time("2026-11-22T12:00:00Z");
  REQUIRE(store->mark_used({first, "sha256:" + std::string(64, '0')}, noon));
  CHECK(open_store(work / "store")->list()->front().last_used == noon);

  SECTION("a newer image that takes the name over leaves the older one to the garbage collection") {
    const std::string second = write_docker_archive(work / "second.tar", "demo:1", {kBase, kTop});
    REQUIRE(store->load(work / "second.tar"));
    CHECK((*store->find(second))->pinned);
    CHECK_FALSE((*store->find(first))->pinned);
    CHECK(store->list()->front().last_used == noon);
    CHECK(*store->remove(first) == 0);  // its layer is the other's, too
    CHECK(*store->remove(second) == 7);
    CHECK(entries_in(work / "store/used") == 0);
  }
  SECTION("what comes again keeps its age, and its pin") {
    const auto came = (*store->find("demo:1"))->stored_at;
    REQUIRE(store->load(work / "first.tar"));
    CHECK((*store->find("demo:1"))->pinned);
    CHECK((*store->find("demo:1"))->stored_at == came);
  }
}

TEST_CASE("a layer that only half went, or came, is not taken for one") {
  if (geteuid() != 0) {
    WARN("skipped: unpacking layers needs root");
    return;
  }
  const skiff::test::TempDir work;
  const auto store = open_store(work / "store");
  write_docker_archive(work / "demo.tar", "demo:1", {kBase});
  REQUIRE(store->load(work / "demo.tar"));
  const std::string layer = (*store->find("demo:1"))->layer_directories.front();
  REQUIRE(store->remove("demo:1"));
  REQUIRE_FALSE(fs::exists(layer));

  // As a process leaves it that dies between the files and the index.
  fs::create_directories(layer + "/bin");
  SECTION("without its size") {}
  SECTION("with its size") { std::ofstream(layer + ".size") << 4; }
  REQUIRE(store->load(work / "demo.tar"));
  CHECK(file_text(layer + "/bin/run") == "base");
  CHECK((*store->find("demo:1"))->size_bytes == 4);
  CHECK(entries_in(work / "store/work") == 0);
}

TEST_CASE("an archive that cannot be used leaves the store as it was") {
  if (geteuid() != 0) {
    WARN("skipped: unpacking layers needs root");
    return;
  }
  const skiff::test::TempDir work;
  const auto store = open_store(work / "store");
  REQUIRE_FALSE(write_docker_archive(work / "good.tar", "demo:1", {kBase}).empty());
  REQUIRE(store->load(work / "good.tar"));
  const std::string index = file_text(work / "store/index.json");
  const std::string good = file_text(work / "good.tar");
  const std::string bad = work / "bad.tar";

  SECTION("cut short") { std::ofstream(bad) << good.substr(0, good.size() / 3); }
  SECTION("not an archive") { std::ofstream(bad) << "hello"; }
  SECTION("an archive of something else") { write_tar(bad, {{"readme", "x"}}); }
  SECTION("another layer than the configuration says") {
    std::string changed = good;
    const auto at = changed.find("base");
    REQUIRE(at != std::string::npos);
    changed.replace(at, 4, "evil");
    std::ofstream(bad) << changed;
    // The layer that is there already would spare the look at the damaged one.
    REQUIRE(store->remove("demo:1"));
  }
  SECTION("a link out of the archive") {
    write_tar(bad, {{"c.json", "/etc/hostname", 'l'},
                    {"manifest.json", R"([{"Config":"c.json","RepoTags":["x:1"],"Layers":[]}])"}});
  }
  SECTION("missing") {}
  const auto loaded = store->load(bad);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message.starts_with("load " + bad + ": "));
  CHECK(entries_in(work / "store/work") == 0);
  const auto images = store->list();
  REQUIRE(images);
  CHECK(images->size() == (file_text(work / "store/index.json") == index ? 1 : 0));
  CHECK(entries_in(work / "store/layers") == images->size() * 2);
}

TEST_CASE("the remains of operations that died are swept up, those of living ones are not") {
  if (geteuid() != 0) {
    WARN("skipped: unpacking layers needs root");
    return;
  }
  const skiff::test::TempDir work;
  const auto store = open_store(work / "store");
  fs::create_directories(work / "store/work/dead/layer-x");
  fs::create_directories(work / "store/layers/nobodys");
  write_docker_archive(work / "demo.tar", "demo:1", {kBase});

  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (!store->load(work / "demo.tar")) ++failures;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(entries_in(work / "store/work") == 0);
  CHECK(entries_in(work / "store/layers") == 2);
  CHECK(store->list()->size() == 1);
}

}  // namespace skiff::nodeagent::testing
