#include "store/history.h"

#include <catch2/catch.hpp>

#include <map>
#include <random>

namespace skiff::store::test {
namespace {

using Texts = std::vector<std::string>;

// A history, and beside it each of its states as a plain map.
class Twin {
 public:
  using State = std::map<std::string, std::string>;  // key -> value of the attribute "f:node"

  History history;
  std::map<Revision, State> states{{1, {}}};

  // Creates, changes or (with nothing) removes.
  void write(const std::string& key, const std::optional<std::string>& node) {
    const Revision revision = history.revision() + 1;
    State state = states.rbegin()->second;
    auto event = std::make_shared<Event>();
    event->previous = history.get(key);
    auto record = std::make_shared<Record>();
    record->key = key;
    record->mod_revision = revision;
    if (node) {
      record->attributes = {{"f:node", *node}};
      state[key] = *node;
    } else {
      event->type = Event::Type::kDelete;
      record->attributes = event->previous->attributes;
      state.erase(key);
    }
    event->record = record;
    history.apply(event);
    states[revision] = std::move(state);
  }

  [[nodiscard]] Texts expected(const Scope& scope, const std::string& after, Revision revision) const {
    Texts keys;
    for (const auto& [key, node] : states.at(revision)) {
      if (scope.covers(key) && key > after && (!scope.attribute || scope.attribute->second == node))
        keys.push_back(key);
    }
    return keys;
  }
};

Texts keys_in(const std::vector<RecordPtr>& records) {
  Texts keys;
  for (const RecordPtr& record : records) keys.push_back(record->key);
  return keys;
}

}  // namespace

TEST_CASE("every page of every scope at every revision is that of the state then") {
  const unsigned seed = GENERATE(1U, 2U, 3U, 4U);
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  Twin twin;
  twin.history.index("/a/", "f:node");
  for (int i = 0; i < 200; ++i) {
    const std::string key = "/a/" + std::to_string(pick(3)) + "/" + std::to_string(pick(12));
    const bool removes = pick(3) == 0;
    if (removes && !twin.history.get(key)) continue;
    twin.write(key, removes ? std::nullopt : std::optional<std::string>(std::to_string(pick(3))));
    if (pick(40) == 0) twin.history.compact(twin.history.revision() - 20, [](const std::string&, Revision) {});
  }
  for (int i = 0; i < 2000; ++i) {
    Scope scope(pick(2) == 0 ? "/a/" : "/a/" + std::to_string(pick(3)) + "/");
    if (pick(5) == 0) scope.path += std::to_string(pick(12));
    if (scope.path.starts_with("/a/") && pick(2) == 0) scope.attribute = Attribute("f:node", std::to_string(pick(3)));
    const std::string after = pick(2) == 0 ? "" : "/a/" + std::to_string(pick(4)) + "/" + std::to_string(pick(12));
    const auto limit = static_cast<std::size_t>(pick(6));
    const Revision kept = twin.history.revision() - twin.history.compacted() + 1;
    const Revision revision = twin.history.compacted() + pick(static_cast<int>(kept));
    CAPTURE(scope.path, after, limit, revision, twin.history.compacted());

    Texts expected = twin.expected(scope, after, revision);
    const std::size_t remaining = limit == 0 || expected.size() <= limit ? 0 : expected.size() - limit;
    expected.resize(expected.size() - remaining);
    const Range range = twin.history.range(scope, after, limit, revision);
    REQUIRE(keys_in(range.records) == expected);
    REQUIRE(range.remaining == remaining);
    REQUIRE(range.more == (remaining > 0));
  }
  for (const char* directory : {"/a/", "/a/0/", "/a/9/", "/none/"}) {
    CHECK(twin.history.count(directory) == twin.expected(directory, "", twin.history.revision()).size());
  }
}

TEST_CASE("what reads cost grows with their answers, not with the collection") {
  constexpr std::size_t kNodes = 100;
  constexpr std::size_t kPodsPerNode = 20;
  Twin twin;
  twin.history.index("/pods/", "f:node");
  for (std::size_t i = 0; i < kNodes * kPodsPerNode; ++i) {
    twin.write("/pods/default/" + std::to_string(10'000 + i), std::to_string(i % kNodes));
  }
  const Revision now = twin.history.revision();
  const auto cost_of = [&](const auto& read) {
    const std::size_t before = twin.history.visited();
    read();
    return twin.history.visited() - before;
  };

  // All pages together look at everything once.
  CHECK(cost_of([&] {
          std::string after;
          for (;;) {
            const Range page = twin.history.range("/pods/", after, 50, now);
            after = page.records.back()->key;
            if (!page.more) break;
          }
        }) == kNodes * kPodsPerNode);
  const Scope on_seven("/pods/", Attribute("f:node", "7"));
  CHECK(cost_of([&] { CHECK(twin.history.range(on_seven, "", 0, now).records.size() == kPodsPerNode); }) ==
        kPodsPerNode);
  // A watch from the beginning sees the events of its own value only.
  CHECK(cost_of([&] {
          std::vector<EventPtr> events;
          Revision position = 1;
          CHECK(twin.history.events_after(on_seven, position, 1000, events));
          CHECK(events.size() == kPodsPerNode);
          CHECK(position == now);
        }) == kPodsPerNode);
}

TEST_CASE("an index forgets values that nothing has any more") {
  Twin twin;
  twin.history.index("/a/", "f:node");
  const Scope on_x("/a/", Attribute("f:node", "x"));
  twin.write("/a/1", "x");           // 2
  twin.write("/a/1", std::nullopt);  // 3
  twin.write("/a/2", "y");           // 4
  std::vector<EventPtr> events;
  Revision position = 1;
  CHECK(twin.history.events_after(on_x, position, 10, events));
  CHECK(events.size() == 2);

  twin.history.compact(3, [](const std::string&, Revision) {});
  position = 1;
  CHECK_FALSE(twin.history.events_after(on_x, position, 10, events));
  position = 3;
  CHECK(twin.history.events_after(on_x, position, 10, events));
  CHECK(events.size() == 2);
  twin.write("/a/3", "x");  // 5
  position = 2;
  CHECK_FALSE(twin.history.events_after(on_x, position, 10, events));
  position = 4;
  CHECK(twin.history.events_after(on_x, position, 10, events));
  CHECK(events.size() == 3);
}

}  // namespace skiff::store::test
