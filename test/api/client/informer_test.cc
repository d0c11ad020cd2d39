#include "api/client/informer.h"

#include "api/views/meta.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::api;
using namespace skiff::test;

namespace {

Json config_map(const std::string& name, const std::string& value = "") {
  return {{"metadata", {{"namespace", "default"}, {"name", name}}}, {"data", {{"key", value}}}};
}

// An informer whose handlers write down what they are told.
struct InformerFixture {
  asio::io_context context;
  FakeClock clock;
  FakeClient client{context.get_executor(), clock};
  Informer informer{context.get_executor(), client, kConfigMaps, InformerOptions()};
  std::vector<std::string> log;

  InformerFixture() {
    InformerHandlers handlers;
    handlers.added = [this](const ObjectPtr& object) { note("+", object); };
    handlers.updated = [this](const ObjectPtr&, const ObjectPtr& object) { note("*", object); };
    handlers.deleted = [this](const ObjectPtr& object) { note("-", object); };
    informer.add_handlers(std::move(handlers));
  }
  ~InformerFixture() { run(context, informer.stop()); }

  void note(const std::string& what, const ObjectPtr& object) {
    log.push_back(what + key_of(*object).name + string_at(*object, {"data", "key"}));
  }
  void sync() {
    informer.start();
    REQUIRE(run(context, informer.wait_until_synced()));
    settle();
  }
  // Lets the informer see all that was written before.
  void settle() {
    run_until(context, [&] {
      run_ready(context);
      return informer.cache().list() == client.peek_all(kConfigMaps);
    });
    run_ready(context);
  }
};

using Log = std::vector<std::string>;

}  // namespace

TEST_CASE("Informer lists, then follows") {
  InformerFixture fixture;
  fixture.client.put(kConfigMaps, config_map("a"));
  CHECK(!fixture.informer.has_synced());
  fixture.sync();
  CHECK(fixture.log == Log{"+a"});

  fixture.client.put(kConfigMaps, config_map("b", "1"));
  fixture.client.modify(kConfigMaps, {"default", "b"}, [](Json& object) { object["data"]["key"] = "2"; });
  fixture.client.erase(kConfigMaps, {"default", "a"});
  fixture.settle();
  CHECK(fixture.log == Log{"+a", "+b1", "*b2", "-a"});
  CHECK(fixture.informer.cache().get({"default", "b"}) != nullptr);

  SECTION("late handlers hear of what is there") {
    Log late;
    InformerHandlers handlers;
    handlers.added = [&](const ObjectPtr& object) { late.push_back(key_of(*object).name); };
    fixture.informer.add_handlers(std::move(handlers));
    CHECK(late == Log{"b"});
  }
}

TEST_CASE("Informer lets everything rest when nothing happens, and again after somebody looked") {
  asio::io_context context;
  FakeClock clock;
  FakeClient client(context.get_executor(), clock);
  InformerOptions options;
  options.awake = 1000;
  options.awake_round = std::chrono::milliseconds(0);
  Informer informer(context.get_executor(), client, kConfigMaps, options);
  const std::size_t count = Informer::kRestsPerTurn + 10;
  for (std::size_t i = 0; i < count; ++i) client.put(kConfigMaps, config_map(std::to_string(i)));
  std::size_t awake_at_first = 0;
  InformerHandlers handlers;
  handlers.added = [&](const ObjectPtr&) { awake_at_first = informer.cache().awake(); };
  informer.add_handlers(std::move(handlers));
  informer.start();
  const auto rests = [&] { return informer.has_synced() && informer.cache().awake() == 0; };
  run_until(context, rests);
  CHECK(awake_at_first == count);
  CHECK(informer.cache().size() == count);

  CHECK(string_at(*informer.cache().get({"default", "7"}), {"metadata", "name"}) == "7");
  client.modify(kConfigMaps, {"default", "8"}, [](Json& object) { object["data"]["key"] = "2"; });
  CHECK(informer.cache().awake() == 1);
  run_until(context, [&] {
    return *informer.cache().get({"default", "8"}) == *client.peek(kConfigMaps, {"default", "8"});
  });
  run_until(context, rests);
  run(context, informer.stop());
  CHECK(*informer.cache().get({"default", "8"}) == *client.peek(kConfigMaps, {"default", "8"}));
}

TEST_CASE("Informer resumes a broken watch without listing again") {
  InformerFixture fixture;
  fixture.client.put(kConfigMaps, config_map("a"));
  fixture.sync();
  fixture.client.put(kConfigMaps, config_map("b"));
  fixture.settle();
  fixture.client.break_watches(timeout("the watch has lasted long enough"));
  run_ready(fixture.context);
  fixture.client.put(kConfigMaps, config_map("c"));
  fixture.settle();
  CHECK(fixture.log == Log{"+a", "+b", "+c"});
  CHECK(fixture.client.count_requests("list") == 1);
}

TEST_CASE("Informer lists again when its place in the history is gone, and tells the differences") {
  InformerFixture fixture;
  for (const char* name : {"a", "b", "c"}) fixture.client.put(kConfigMaps, config_map(name));
  fixture.sync();
  fixture.log.clear();

  // Breaks the watch first, so that the changes fall into the gap.
  fixture.client.fail("watch", unavailable("not now"));
  fixture.client.break_watches(unavailable("bye"));
  run_ready(fixture.context);
  fixture.client.erase(kConfigMaps, {"default", "a"});
  fixture.client.modify(kConfigMaps, {"default", "b"}, [](Json& object) { object["data"]["key"] = "2"; });
  fixture.client.erase(kConfigMaps, {"default", "c"});
  fixture.client.put(kConfigMaps, config_map("c", "new"));
  fixture.client.put(kConfigMaps, config_map("d"));
  fixture.client.compact();
  fixture.settle();
  CHECK(fixture.log == Log{"-a", "*b2", "-c", "+cnew", "+d"});
  CHECK(fixture.client.count_requests("list") == 2);
}

TEST_CASE("Informer lists again when the server has lost the history that it comes from") {
  InformerFixture fixture;
  fixture.client.put(kConfigMaps, config_map("a"));
  fixture.sync();
  Status too_large = timeout("Too large resource version: 9, current: 7");
  too_large.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  fixture.client.break_watches(too_large);
  fixture.client.put(kConfigMaps, config_map("b"));
  fixture.settle();
  CHECK(fixture.log == Log{"+a", "+b"});
  CHECK(fixture.client.count_requests("list") == 2);
}

TEST_CASE("Informer survives a list that fails") {
  InformerFixture fixture;
  fixture.client.fail("list", unavailable("starting"), 2);
  fixture.client.put(kConfigMaps, config_map("a"));
  fixture.sync();
  CHECK(fixture.log == Log{"+a"});
  CHECK(fixture.client.count_requests("list") == 3);
}

TEST_CASE("Informer that stops before it has synced wakes those who wait for it") {
  InformerFixture fixture;
  fixture.client.fail("list", unavailable("never"), 1000000);
  fixture.informer.start();
  bool synced = true;
  bool woken = false;
  asio::co_spawn(fixture.context, fixture.informer.wait_until_synced(), [&](std::exception_ptr, bool value) {
    synced = value;
    woken = true;
  });
  run_ready(fixture.context);
  CHECK(!woken);
  run(fixture.context, fixture.informer.stop());
  run_until(fixture.context, [&] { return woken; });
  CHECK(!synced);
}

TEST_CASE("InformerFactory shares informers, and metadata informers keep metadata only") {
  asio::io_context context;
  FakeClock clock;
  FakeClient client{context.get_executor(), clock};
  client.put(kConfigMaps, config_map("a", "large"));
  InformerFactory factory(context.get_executor(), client);
  CHECK(&factory.informer(kPods) == &factory.informer(kPods));
  CHECK(&factory.metadata_informer(kPods) == &factory.informer(kPods));
  Informer& metadata = factory.metadata_informer(kConfigMaps);
  factory.start();
  REQUIRE(run(context, factory.wait_until_synced()));
  const ObjectPtr object = metadata.cache().get({"default", "a"});
  REQUIRE(object);
  CHECK(!object->contains("data"));
  CHECK(string_at(*object, {"kind"}) == "ConfigMap");
  run(context, factory.stop());
}
