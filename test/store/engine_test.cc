#include "store/engine.h"

#include "api/base/files.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"
#include "test/contract/store/store_fixture.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace skiff::store::test {
namespace {

// A disk that can be made to refuse, and remembers what it was asked.
class FaultyJournal final : public Journal {
 public:
  struct Control {
    bool refuse = false;
    std::size_t commits = 0;
    std::size_t entries = 0;
    std::vector<Revision> forgotten;
  };
  explicit FaultyJournal(std::shared_ptr<Control> control) : control_(std::move(control)) {}

  Result<Revision> compacted_revision() override { return Revision{0}; }
  Result<Revision> reserved_revision() override { return Revision{0}; }
  Result<void> replay(const std::function<Result<void>(JournalEntry)>&) override { return {}; }
  Result<void> commit(const Batch& batch) override {
    if (control_->refuse) return Error{Code::kUnavailable, "disk full", nullptr};
    ++control_->commits;
    control_->entries += batch.events.size();
    control_->forgotten.insert(control_->forgotten.end(), batch.forgotten.begin(), batch.forgotten.end());
    return {};
  }

 private:
  std::shared_ptr<Control> control_;
};

Write creation(const std::string& key) {
  Write write;
  write.key = key;
  write.value = "new";
  return write;
}

}  // namespace

TEST_CASE("a write that the disk refuses leaves no trace and takes no revision") {
  auto control = std::make_shared<FaultyJournal::Control>();
  auto store = std::move(*Engine::open(std::make_unique<FaultyJournal>(control), {}));
  REQUIRE(put(*store, "/a/1", "one", 0));
  auto watch = store->watch("/a/", 2, [] {});
  REQUIRE(watch);

  control->refuse = true;
  CHECK(put(*store, "/a/1", "two", 2).error().code == Code::kUnavailable);
  CHECK(put(*store, "/a/2", "new", 0).error().code == Code::kUnavailable);
  CHECK(put(*store, "/a/1", "two", 9).error().code == Code::kConflict);
  CHECK(store->revision() == 2);
  CHECK(store->get("/a/1")->value == "one");
  CHECK(drain(**watch).empty());

  control->refuse = false;
  const auto written = put(*store, "/a/1", "two", 2);
  REQUIRE(written);
  CHECK((*written)->mod_revision == 3);
  CHECK(drain(**watch) == std::vector<std::string>{"PUT /a/1@3"});
}

TEST_CASE("a write that lost against one that the disk refuses was refused, too") {
  auto control = std::make_shared<FaultyJournal::Control>();
  auto store = std::move(*Engine::open(std::make_unique<FaultyJournal>(control), {}));
  control->refuse = true;
  // Both come while the writer is busy with the first, so they are one batch.
  std::promise<void> busy;
  std::promise<void> queued;
  std::vector<std::future<Code>> codes;
  store->write(creation("/a/0"), [&](const auto&) {
    busy.set_value();
    queued.get_future().wait();
  });
  busy.get_future().wait();
  for (int i = 0; i < 2; ++i) {
    auto code = std::make_shared<std::promise<Code>>();
    codes.push_back(code->get_future());
    store->write(creation("/a/1"), [code](const auto& answer) { code->set_value(answer.error().code); });
  }
  queued.set_value();
  for (auto& code : codes) CHECK(code.get() == Code::kUnavailable);
}

TEST_CASE("history stays within its bound, and the journal is told what to forget") {
  auto control = std::make_shared<FaultyJournal::Control>();
  EngineOptions options;
  options.min_history_bytes = 10'000;
  options.max_history_bytes = 10'000;
  auto store = std::move(*Engine::open(std::make_unique<FaultyJournal>(control), options));
  const std::string value(500, 'x');
  Revision revision = 0;
  constexpr int kUpdates = 200;
  for (int i = 0; i < kUpdates; ++i) {
    const auto written = put(*store, "/a/1", value, revision);
    REQUIRE(written);
    revision = (*written)->mod_revision;
  }
  CHECK(store->compacted_revision() > revision - 20);
  CHECK(store->watch("/a/", store->compacted_revision(), [] {}));
  CHECK(store->range("/a/", "", 0, store->compacted_revision()));
  // What is forgotten is each superseded entry, once, oldest first.
  REQUIRE(control->forgotten.size() > kUpdates - 40);
  for (std::size_t i = 0; i < control->forgotten.size(); ++i)
    CHECK(control->forgotten[i] == static_cast<Revision>(i + 2));
}

TEST_CASE("volatile keys are as others, but never reach the journal") {
  auto control = std::make_shared<FaultyJournal::Control>();
  EngineOptions options;
  options.min_history_bytes = 10'000;
  options.max_history_bytes = 10'000;
  options.volatile_prefixes.emplace_back("/a/beat/");
  auto store = std::move(*Engine::open(std::make_unique<FaultyJournal>(control), options));
  REQUIRE(put(*store, "/a/kept", "x", 0));
  auto watch = store->watch("/a/", 2, [] {});
  REQUIRE(watch);
  REQUIRE(put(*store, "/a/beat/1", "x", 0));
  CHECK(control->commits == 2);  // the second reserves revisions
  CHECK(control->entries == 1);
  CHECK(put(*store, "/a/beat/1", "y", 9).error().code == Code::kConflict);
  CHECK(drain(**watch) == std::vector<std::string>{"CREATE /a/beat/1@3"});

  control->refuse = true;  // a full disk does not stop hearts
  const std::string value(500, 'x');
  Revision revision = 3;
  for (int i = 0; i < 100; ++i) {
    const auto written = put(*store, "/a/beat/1", value, revision);
    REQUIRE(written);
    revision = (*written)->mod_revision;
  }
  CHECK(revision == 103);
  CHECK(store->compacted_revision() > 50);
  REQUIRE(remove(*store, "/a/beat/1", revision));
  control->refuse = false;
  REQUIRE(put(*store, "/a/kept", "y", 2));
  CHECK(control->entries == 2);
  CHECK(control->forgotten.empty());  // there was nothing of the heartbeats to forget
}

TEST_CASE("sqlite: volatile keys are gone after a restart, and their revisions are not given out again") {
  const skiff::test::TempDir directory;
  const std::string path = directory / "store.db";
  EngineOptions options;
  options.volatile_prefixes.emplace_back("/a/beat/");
  Revision last = 0;
  {
    auto store = std::move(*open_sqlite_store(path, options));
    REQUIRE(put(*store, "/a/1", "one", 0));
    REQUIRE(put(*store, "/a/beat/1", "x", 0));
    REQUIRE(put(*store, "/a/2", "two", 0));
    last = (*put(*store, "/a/beat/1", "y", 3))->mod_revision;
  }
  for (int start = 0; start < 2; ++start) {
    auto store = std::move(*open_sqlite_store(path, options));
    CHECK(store->get("/a/beat/1") == nullptr);
    CHECK(store->get("/a/1")->value == "one");
    CHECK(store->get("/a/2")->mod_revision == 4);
    // Who had seen the last heartbeat goes on from there, and misses nothing that was kept.
    auto watch = store->watch("/a/", last, [] {});
    REQUIRE(watch);
    const auto written = put(*store, "/a/3" + std::to_string(start), "three", 0);
    REQUIRE(written);
    CHECK((*written)->mod_revision > last);
    last = (*written)->mod_revision;
    CHECK(drain(**watch).size() == 1);
    auto beginning = store->watch("/a/", 2, [] {});
    REQUIRE(beginning);
    CHECK(drain(**beginning).front() == "CREATE /a/2@4");
  }
}

TEST_CASE("sqlite: many updates of one object leave a small file") {
  const skiff::test::TempDir directory;
  const std::string path = directory / "store.db";
  EngineOptions options;
  options.min_history_bytes = 50'000;
  options.max_history_bytes = 50'000;
  {
    auto store = std::move(*open_sqlite_store(path, options));
    const std::string value(2000, 'x');
    Revision revision = 0;
    for (int i = 0; i < 2000; ++i) revision = (*put(*store, "/a/1", value, revision))->mod_revision;
  }
  CHECK(std::filesystem::file_size(path) < 400'000);
  auto store = std::move(*open_sqlite_store(path, options));
  CHECK(store->get("/a/1")->version == 2000);
}

TEST_CASE("sqlite: updates of one object leave files below twice the live data") {
  const skiff::test::TempDir directory;
  constexpr std::size_t kRecords = 2000;
  const std::string value(1024, 'x');
  EngineOptions options;
  options.min_history_bytes = 50'000;
  auto store = std::move(*open_sqlite_store(directory / "store.db", options));
  std::size_t live = 0;
  for (std::size_t i = 0; i < kRecords; ++i) {
    const std::string key = "/a/n/object-" + std::to_string(i);
    REQUIRE(put(*store, key, value, 0));
    live += key.size() + value.size();
  }
  Revision revision = 0;
  for (std::size_t i = 0; i < 5 * kRecords; ++i)
    revision = (*put(*store, "/a/n/updated", value, revision))->mod_revision;
  // Besides the WAL, which has a bound of its own.
  CHECK(std::filesystem::file_size(directory / "store.db") < 2 * live);
}

TEST_CASE("sqlite: what is not our database is refused with a reason") {
  const skiff::test::TempDir directory;
  const std::string path = directory / "store.db";
  SECTION("garbage") {
    std::ofstream(path) << std::string(8192, 'g');
    const auto store = open_sqlite_store(path);
    REQUIRE_FALSE(store);
    CHECK(store.error().code == Code::kCorrupt);
  }
  SECTION("another program's") {
    REQUIRE(Database::open(path)->execute("CREATE TABLE t(a); PRAGMA user_version = 2"));
    const std::string before = *read_file(path);
    const auto store = open_sqlite_store(path);
    REQUIRE_FALSE(store);
    CHECK(store.error().code == Code::kCorrupt);
    CHECK(*read_file(path) == before);
  }
  SECTION("a newer skiff's") {
    { REQUIRE(open_sqlite_store(path)); }
    REQUIRE(Database::open(path)->execute("PRAGMA user_version = 3"));
    CHECK(open_sqlite_store(path).error().message == path + ": has format 3, this skiff reads format 2");
  }
  SECTION("a directory that does not exist") {
    const auto store = open_sqlite_store(directory / "missing/store.db");
    REQUIRE_FALSE(store);
    CHECK(store.error().code == Code::kUnavailable);
  }
  SECTION("a database that another process holds") {
    auto first = open_sqlite_store(path);
    REQUIRE(first);
    const auto second = open_sqlite_store(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Code::kUnavailable);
  }
}

}  // namespace skiff::store::test
