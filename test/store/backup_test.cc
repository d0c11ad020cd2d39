#include "store/sqlite/backup.h"

#include "store/memory/memory_store.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"
#include "test/contract/store/store_fixture.h"
#include "test/store/memory_disk.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <thread>

namespace skiff::store::test {
namespace {

std::vector<std::string> texts_of(const std::vector<RecordPtr>& records) {
  std::vector<std::string> texts;
  for (const RecordPtr& record : records) {
    std::string text = record->key + "@" + std::to_string(record->create_revision) + "," +
                       std::to_string(record->mod_revision) + "," + std::to_string(record->version) + "=" +
                       record->value;
    for (const auto& [name, value] : record->attributes) text.append(" ").append(name).append(":").append(value);
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

TEST_CASE("a snapshot is what would survive, at one revision") {
  EngineOptions options;
  options.volatile_prefixes.emplace_back("/b/beat/");
  const auto store = open_memory_store(options);
  store->index("/b/", "app");
  Write labelled;
  labelled.key = "/b/1";
  labelled.value = "one";
  labelled.attributes = {{"app", "x"}};
  REQUIRE(write(*store, std::move(labelled)));
  REQUIRE(put(*store, "/a/1", "two", 0));
  REQUIRE(put(*store, "/b/beat/1", "x", 0));
  REQUIRE(put(*store, "/b/2", "three", 0));
  REQUIRE(put(*store, "/b/2", "four", 5));
  REQUIRE(put(*store, "/a/2", "gone", 0));
  REQUIRE(remove(*store, "/a/2", 7));
  const Snapshot snapshot = store->snapshot();
  CHECK(snapshot.revision == 8);
  CHECK(texts_of(snapshot.records) ==
        std::vector<std::string>{"/b/1@2,2,1=one app:x", "/a/1@3,3,1=two", "/b/2@5,6,2=four"});
}

TEST_CASE("sqlite: a store on a backup has what was there, and no revision of before means anything to it") {
  const skiff::test::TempDir directory;
  const std::string path = directory / "backup.db";
  std::vector<std::string> expected;
  {
    const auto store = std::move(*open_sqlite_store(directory / "store.db"));
    for (int i = 0; i < 2500; ++i) {
      Write request;
      request.key = "/a/" + std::to_string(i);
      request.value = std::string(static_cast<std::size_t>(i % 5000), 'v') + "{}";
      request.revision_offset = request.value->size() - 1;
      request.attributes = {{"app", std::to_string(i)}, {"empty", ""}};
      store->write(std::move(request), [](const auto&) {});
    }
    REQUIRE(put(*store, "/a/0", "changed", 2));
    const Snapshot snapshot = store->snapshot();
    expected = texts_of(snapshot.records);
    REQUIRE(write_sqlite_backup(snapshot, path));
    CHECK(write_sqlite_backup(snapshot, path).error().code == Code::kUnavailable);
  }
  const auto checked = check_sqlite_store(path);
  REQUIRE(checked);
  CHECK(checked->records == 2500);
  const auto store = std::move(*open_sqlite_store(path));
  CHECK(texts_of(store->snapshot().records) == expected);
  CHECK(store->revision() == 2502 + kRevisionsAfterBackup);
  CHECK(store->watch("/a/", 2502, [] {}).error().code == Code::kCompacted);
  CHECK(store->watch("/a/", 3000, [] {}).error().code == Code::kCompacted);
  const auto written = put(*store, "/a/0", "again", 2502);
  REQUIRE(written);
  CHECK((*written)->mod_revision == 2503 + kRevisionsAfterBackup);
  CHECK((*written)->create_revision == 2);
}

TEST_CASE("sqlite: an empty store can be backed up as well") {
  const skiff::test::TempDir directory;
  REQUIRE(write_sqlite_backup(open_memory_store()->snapshot(), directory / "backup.db"));
  CHECK(check_sqlite_store(directory / "backup.db")->records == 0);
}

TEST_CASE("sqlite: a backup while others write is of one moment") {
  const skiff::test::TempDir directory;
  const auto store = std::move(*open_sqlite_store(directory / "store.db"));
  REQUIRE(put(*store, "/a/x", "0", 0));
  REQUIRE(put(*store, "/a/y", "0", 0));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 1; !stop; ++i) {
      Write x;
      x.key = "/a/x";
      x.value = std::to_string(i);
      x.expected = store->get("/a/x")->mod_revision;
      Write y = x;
      y.key = "/a/y";
      y.expected = store->get("/a/y")->mod_revision;
      x.together.push_back(std::move(y));
      if (!write(*store, std::move(x))) break;
    }
  });
  bool all_alike = true;
  for (int i = 0; i < 5; ++i) {
    const std::string path = directory / ("backup" + std::to_string(i));
    const bool written = write_sqlite_backup(store->snapshot(), path).has_value();
    const auto restored = open_sqlite_store(path);
    all_alike = all_alike && written && restored && (*restored)->get("/a/x")->value == (*restored)->get("/a/y")->value;
  }
  stop = true;
  writer.join();
  CHECK(all_alike);
}

TEST_CASE("sqlite: a database from before rows had checksums goes on") {
  const skiff::test::TempDir directory;
  const std::string path = directory / "store.db";
  {
    auto database = std::move(*Database::open(path));
    REQUIRE(
        database.execute("PRAGMA application_id = 1936419174; PRAGMA user_version = 1;"
                         "CREATE TABLE log(revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, attributes"
                         " BLOB, create_revision INTEGER NOT NULL, version INTEGER NOT NULL, revision_offset INTEGER);"
                         "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
                         "INSERT INTO log VALUES (2, '/a/1', CAST('old' AS BLOB), x'', 2, 1, NULL);"));
  }
  for (int start = 0; start < 2; ++start) {
    const auto store = std::move(*open_sqlite_store(path));
    CHECK(store->get("/a/1")->value == "old");
    REQUIRE(put(*store, "/a/new" + std::to_string(start), "new", 0));
  }
  CHECK(check_sqlite_store(path)->records == 3);
}

TEST_CASE("sqlite: whichever byte of the file is damaged, what is read is right or refused") {
  MemoryDisk disk;
  const std::string path = "/store.db";
  std::vector<std::string> expected;
  {
    const auto store = std::move(*open_sqlite_store(path));
    for (int i = 0; i < 20; ++i) REQUIRE(put(*store, "/a/" + std::to_string(i), std::string(700, 'v'), 0));
    REQUIRE(remove(*store, "/a/7", 9));
    expected = texts_of(store->snapshot().records);
  }
  int damages = 0;
  int refused = 0;
  for (std::size_t offset = 0; offset < disk.bytes_of(path).size(); offset += 13, ++damages) {
    INFO("offset " << offset);
    disk.damage(path, offset);
    {
      const auto store = open_sqlite_store(path);
      if (store) {
        // Free space, and what only tells others of the file.
        CHECK(texts_of((*store)->snapshot().records) == expected);
      } else {
        CHECK(store.error().code == Code::kCorrupt);
        ++refused;
      }
    }
    disk.damage(path, offset);  // which mends it
  }
  CHECK(refused > damages / 2);
}

TEST_CASE("sqlite: a file that is refused stays as it was found") {
  MemoryDisk disk;
  const std::string path = "/store.db";
  const std::string log = path + "-wal";
  REQUIRE(put(*std::move(*open_sqlite_store(path)), "/a/1", std::string(9000, 'v'), 0));
  {
    const auto store = std::move(*open_sqlite_store(path));
    REQUIRE(put(*store, "/a/2", "wwww", 0));
    disk.cut_power_after(0);
  }
  std::mt19937_64 random(1);
  disk.restore_power(random);
  // Where it overflows into pages of its own, which the log has none of.
  disk.damage(path, disk.bytes_of(path).rfind("vvvv"));
  const auto found = std::pair(disk.bytes_of(path), disk.bytes_of(log));
  REQUIRE(found.second.find("wwww") != std::string::npos);
  CHECK(open_sqlite_store(path).error().code == Code::kCorrupt);
  CHECK(std::pair(disk.bytes_of(path), disk.bytes_of(log)) == found);
}

TEST_CASE("sqlite: a check says what is wrong, and needs the file for itself") {
  const skiff::test::TempDir directory;
  const std::string path = directory / "store.db";
  CHECK(check_sqlite_store(path).error().code == Code::kUnavailable);
  CHECK_FALSE(std::filesystem::exists(path));
  {
    const auto store = std::move(*open_sqlite_store(path));
    REQUIRE(put(*store, "/a/1", std::string(100'000, 'v'), 0));
    CHECK(check_sqlite_store(path).error().code == Code::kUnavailable);
  }
  const auto checked = check_sqlite_store(path);
  REQUIRE(checked);
  CHECK(checked->revision == 2);
  CHECK(checked->records == 1);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50'000);
    file << "damage";
  }
  const auto damaged = check_sqlite_store(path);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == Code::kCorrupt);
  CHECK(damaged.error().message == path + ": the log is damaged at revision 2");
}

}  // namespace skiff::store::test
