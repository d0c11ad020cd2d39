#include "server/registry/border.h"

#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using std::chrono::steady_clock;

namespace {

// A store whose disk takes for ever: it keeps what it should answer.
class SlowStore final : public store::Store {
 public:
  void write(store::Write write, Done done) override {
    keys.push_back(write.key);
    waiting.push_back(std::move(done));
  }
  store::RecordPtr get(std::string_view) const override { return nullptr; }
  store::Result<store::Range> range(const store::Scope&, std::string_view, std::size_t,
                                    store::Revision) const override {
    return store::Range();
  }
  std::size_t count(std::string_view) const override { return 0; }
  store::Snapshot snapshot() const override { return {}; }
  store::Revision revision() const override { return 1; }
  store::Revision compacted_revision() const override { return 1; }
  store::Result<std::unique_ptr<store::Watch>> watch(store::Scope, store::Revision, std::function<void()>) override {
    return store::Error{store::Code::kClosed, "", nullptr};
  }
  void index(const std::string&, const std::string&) override {}
  store::Result<void> compact(store::Revision) override { return {}; }
  void close() override {}

  std::vector<std::string> keys;
  std::vector<Done> waiting;
};

store::Write some_write() {
  store::Write write;
  write.key = "/pods/default/a";
  write.value = "{}";
  return write;
}

}  // namespace

TEST_CASE("a commit is waited for until the deadline, and its late end is nobody's") {
  asio::io_context context;
  SlowStore store;
  const auto soon = steady_clock::now() + std::chrono::milliseconds(1);
  const auto committed = run(context, server::commit(store, some_write(), soon));
  REQUIRE_FALSE(committed);
  CHECK(committed.error().reason == api::Reason::kTimeout);
  REQUIRE(store.waiting.size() == 1);
  store.waiting[0](std::make_shared<const store::Record>());
  run_ready(context);
}

TEST_CASE("a write that is too late already is not begun") {
  asio::io_context context;
  SlowStore store;
  const auto committed = run(context, server::commit(store, some_write(), steady_clock::now()));
  REQUIRE_FALSE(committed);
  CHECK(committed.error().reason == api::Reason::kTimeout);
  CHECK(store.keys.empty());
}

TEST_CASE("how a commit ends") {
  asio::io_context context;
  SlowStore store;
  std::optional<api::Result<server::Commit>> end;
  asio::co_spawn(context, server::commit(store, some_write(), steady_clock::time_point::max()),
                 [&](const std::exception_ptr&, api::Result<server::Commit> committed) { end = std::move(committed); });
  run_ready(context);
  REQUIRE(store.waiting.size() == 1);
  CHECK_FALSE(end);
  const auto record = std::make_shared<const store::Record>();
  auto finish = [&](store::Result<store::RecordPtr> result) {
    store.waiting[0](std::move(result));
    run_until(context, [&] { return end.has_value(); });
  };

  SECTION("written") {
    finish(record);
    REQUIRE(*end);
    CHECK((*end)->written);
    CHECK((*end)->record == record);
  }
  SECTION("another was first") {
    finish(store::Error{store::Code::kConflict, "", record, some_write().key});
    REQUIRE(*end);
    CHECK_FALSE((*end)->written);
    CHECK((*end)->record == record);
  }
  SECTION("another was first with what goes together with the write") {
    finish(store::Error{store::Code::kConflict, "", record, "/resourcequotas/default/q"});
    REQUIRE(*end);
    CHECK_FALSE((*end)->written);
    CHECK((*end)->lost_companion);
    CHECK((*end)->record == nullptr);
  }
  SECTION("the disk refuses") {
    finish(store::Error{store::Code::kUnavailable, "disk full", nullptr});
    REQUIRE_FALSE(*end);
    CHECK(end->error().reason == api::Reason::kServiceUnavailable);
    CHECK(end->error().message == "disk full");
  }
  SECTION("the disk is full") {
    finish(store::Error{store::Code::kNoSpace, "store.db: database or disk is full", nullptr});
    REQUIRE_FALSE(*end);
    CHECK(end->error().code() == 500);
    CHECK(end->error().message == "etcdserver: mvcc: database space exceeded");
  }
}
