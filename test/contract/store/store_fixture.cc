#include "test/contract/store/store_fixture.h"

#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

namespace skiff::store::test {

std::vector<StoreFactory> all_factories() {
  // Small bounds would compact behind the suite's back; compaction has tests of its own.
  auto directory = std::make_shared<skiff::test::TempDir>();
  const auto open_sqlite = [directory] {
    auto store = open_sqlite_store(*directory / "store.db");
    if (!store) FAIL(store.error().message);
    return std::move(*store);
  };
  return {StoreFactory{"memory", [] { return open_memory_store(); }, false}, StoreFactory{"sqlite", open_sqlite, true}};
}

Result<RecordPtr> write(Store& store, Write write) {
  std::promise<Result<RecordPtr>> answer;
  store.write(std::move(write), [&answer](Result<RecordPtr> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

Result<RecordPtr> put(Store& store, const std::string& key, const std::string& value, Revision expected) {
  Write request;
  request.key = key;
  request.value = value;
  request.expected = expected;
  return write(store, std::move(request));
}

Result<RecordPtr> remove(Store& store, const std::string& key, Revision expected) {
  Write request;
  request.key = key;
  request.expected = expected;
  return write(store, std::move(request));
}

std::vector<std::string> drain(Watch& watch) {
  std::vector<EventPtr> events;
  for (;;) {
    const std::size_t before = events.size();
    const auto polled = watch.poll(events, 3);
    REQUIRE(polled.has_value());
    if (events.size() == before) break;
  }
  std::vector<std::string> texts;
  for (const EventPtr& event : events) {
    const std::string verb = event->type == Event::Type::kDelete ? "DELETE " : event->is_create() ? "CREATE " : "PUT ";
    texts.push_back(verb + event->record->key + "@" + std::to_string(event->record->mod_revision));
  }
  return texts;
}

}  // namespace skiff::store::test
