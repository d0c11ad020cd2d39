#include "store/sqlite/sqlite_store.h"
#include "test/contract/store/store_fixture.h"
#include "test/store/memory_disk.h"

#include <catch2/catch.hpp>

namespace skiff::store::test {
namespace {

using Refusal = MemoryDisk::Refusal;

struct Row {
  const char* name;
  Refusal refusal;
  Code code;
};
const std::vector<Row> kRows = {{"full", Refusal::kFull, Code::kNoSpace},
                                {"read-only", Refusal::kReadOnly, Code::kUnavailable},
                                {"broken", Refusal::kBroken, Code::kUnavailable},
                                {"not to be synced", Refusal::kUnsyncable, Code::kUnavailable}};

constexpr const char* kRefusingPath = "/store.db";

std::unique_ptr<Store> open_small() {
  EngineOptions options;
  options.min_history_bytes = 30'000;
  options.max_history_bytes = 30'000;
  auto store = open_sqlite_store(kRefusingPath, options);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

std::string value_of(const Store& store, const std::string& key) {
  const RecordPtr record = store.get(key);
  return record ? record->value : "";
}

}  // namespace

TEST_CASE("sqlite: while the disk refuses, writes fail and all else goes on") {
  for (const Row& row : kRows) {
    DYNAMIC_SECTION(row.name) {
      MemoryDisk disk;
      auto store = open_small();
      REQUIRE(put(*store, "/a/1", "one", 0));
      auto watch = std::move(*store->watch("/a/", 2, [] {}));

      disk.refuse(row.refusal);
      for (int i = 0; i < 3; ++i) {
        const auto refused = put(*store, "/a/1", "two", 2);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == row.code);
        CHECK(refused.error().message.starts_with(kRefusingPath));
        CHECK(remove(*store, "/a/1", 2).error().code == row.code);
      }
      CHECK(value_of(*store, "/a/1") == "one");
      CHECK(store->range("/a/", "", 0, 0)->revision == 2);
      CHECK(drain(*watch).empty());

      disk.refuse(Refusal::kNone);
      REQUIRE(put(*store, "/a/1", "three", 2));
      CHECK(drain(*watch) == std::vector<std::string>{"PUT /a/1@3"});
      watch = nullptr;
      store = nullptr;
      CHECK(value_of(*open_small(), "/a/1") == "three");
    }
  }
}

TEST_CASE("sqlite: a disk that refuses in the middle of a write loses nothing") {
  for (const Row& row : kRows) {
    DYNAMIC_SECTION(row.name) {
      MemoryDisk disk;
      auto store = open_small();
      std::string expected;
      Revision revision = 0;
      int refusals = 0;
      // Commits, checkpoints of the log and what compaction deletes all come into the middle.
      for (int i = 0; i < 400; ++i) {
        INFO("write " << i);
        disk.refuse(row.refusal, static_cast<std::uint64_t>(i % 23));
        for (int tries = 0;; ++tries) {
          const std::string value = std::to_string(i) + std::string(static_cast<std::size_t>(i % 7) * 900, 'v');
          const auto written = put(*store, "/a/1", value, revision);
          if (written) {
            CHECK((*written)->mod_revision == (revision == 0 ? 2 : revision + 1));
            revision = (*written)->mod_revision;
            expected = value;
            if (tries > 0) break;
          } else {
            REQUIRE(written.error().code == row.code);
            CHECK(value_of(*store, "/a/1") == expected);
            ++refusals;
            disk.refuse(Refusal::kNone);
          }
          if (tries > 30) break;
        }
        if (i % 50 != 49) continue;
        disk.refuse(Refusal::kNone);
        store = nullptr;
        store = open_small();
        CHECK(value_of(*store, "/a/1") == expected);
        CHECK(store->revision() == revision);
      }
      CHECK(refusals > 300);
    }
  }
}

TEST_CASE("sqlite: a store that cannot be opened for want of space can be when there is some") {
  MemoryDisk disk;
  for (std::uint64_t operations = 0;; ++operations) {
    INFO("after " << operations);
    disk.refuse(Refusal::kFull, operations);
    const auto store = open_sqlite_store(kRefusingPath);
    if (store) break;
    CHECK(store.error().code != Code::kCorrupt);
  }
  disk.refuse(Refusal::kNone);
  CHECK(put(*open_small(), "/a/1", "one", 0));
}

}  // namespace skiff::store::test
