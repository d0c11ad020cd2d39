// The contract of store/store.h, held against every implementation.
#include "test/contract/store/store_fixture.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace skiff::store::test {
namespace {

using Texts = std::vector<std::string>;

std::vector<std::string> keys_of(const Range& range) {
  std::vector<std::string> keys;
  for (const RecordPtr& record : range.records) keys.push_back(record->key);
  return keys;
}

// Counts wake-ups, and lets a test wait for one.
struct Bell {
  std::mutex mutex;
  std::condition_variable rung;
  int count = 0;

  std::function<void()> ring() {
    return [this] {
      const std::lock_guard lock(mutex);
      ++count;
      rung.notify_all();
    };
  }
  bool wait_for(int wanted) {
    std::unique_lock lock(mutex);
    return rung.wait_for(lock, std::chrono::seconds(10), [&] { return count >= wanted; });
  }
};

}  // namespace

TEST_CASE("a write is a compare-and-swap") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      CHECK(store->revision() == 1);

      const auto created = put(*store, "/a/x", "one", 0);
      REQUIRE(created);
      CHECK((*created)->mod_revision == 2);
      CHECK((*created)->create_revision == 2);
      CHECK((*created)->version == 1);
      CHECK(store->get("/a/x") == *created);

      SECTION("a second creation conflicts and tells what stands there") {
        const auto again = put(*store, "/a/x", "two", 0);
        REQUIRE_FALSE(again);
        CHECK(again.error().code == Code::kConflict);
        CHECK(again.error().current == *created);
        CHECK(store->revision() == 2);
      }
      SECTION("an update counts") {
        const auto updated = put(*store, "/a/x", "two", 2);
        REQUIRE(updated);
        CHECK((*updated)->mod_revision == 3);
        CHECK((*updated)->create_revision == 2);
        CHECK((*updated)->version == 2);
        CHECK((*created)->value == "one");
        CHECK(put(*store, "/a/x", "three", 2).error().code == Code::kConflict);
      }
      SECTION("a deletion gives the last record under its own revision") {
        const auto removed = remove(*store, "/a/x", 2);
        REQUIRE(removed);
        CHECK((*removed)->value == "one");
        CHECK((*removed)->mod_revision == 3);
        CHECK(store->get("/a/x") == nullptr);
        CHECK(remove(*store, "/a/x", 3).error().code == Code::kConflict);
        CHECK(remove(*store, "/a/x", 0).error().code == Code::kConflict);
        const auto reborn = put(*store, "/a/x", "again", 0);
        REQUIRE(reborn);
        CHECK((*reborn)->version == 1);
        CHECK((*reborn)->create_revision == 4);
      }
    }
  }
}

TEST_CASE("writes that go together all happen or none does") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      REQUIRE(put(*store, "/b/count", "0", 0));
      const auto watch = store->watch("/b/", store->revision(), [] {});
      REQUIRE(watch);
      const auto pair = [&](const std::string& key, Revision expected) {
        Write first;
        first.key = key;
        first.value = "new";
        Write second;
        second.key = "/b/count";
        second.value = "1";
        second.expected = expected;
        first.together.push_back(std::move(second));
        return write(*store, std::move(first));
      };

      const auto written = pair("/a/x", 2);
      REQUIRE(written);
      CHECK((*written)->key == "/a/x");
      CHECK((*written)->mod_revision == 3);
      CHECK(store->get("/b/count")->mod_revision == 4);
      CHECK(drain(**watch) == Texts{"PUT /b/count@4"});

      const auto stale = pair("/a/y", 2);
      REQUIRE_FALSE(stale);
      CHECK(stale.error().code == Code::kConflict);
      CHECK(stale.error().key == "/b/count");
      CHECK(stale.error().current == store->get("/b/count"));
      CHECK(store->get("/a/y") == nullptr);

      const auto taken = pair("/a/x", 4);
      REQUIRE_FALSE(taken);
      CHECK(taken.error().key == "/a/x");
      CHECK(store->revision() == 4);
    }
  }
}

TEST_CASE("of writes that go together with the same record one wins at a time") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      REQUIRE(put(*store, "/b/count", "0", 0));
      std::vector<std::promise<bool>> answers(8);
      for (std::size_t i = 0; i < answers.size(); ++i) {
        Write object;
        object.key = "/a/" + std::to_string(i);
        object.value = "x";
        Write count;
        count.key = "/b/count";
        count.value = "1";
        count.expected = 2;
        object.together.push_back(std::move(count));
        store->write(std::move(object),
                     [&answers, i](const Result<RecordPtr>& result) { answers[i].set_value(result.has_value()); });
      }
      int won = 0;
      for (std::promise<bool>& answer : answers) won += answer.get_future().get() ? 1 : 0;
      CHECK(won == 1);
      CHECK(store->count("/a/") == 1);
    }
  }
}

TEST_CASE("the revision is stamped into the value, also of a deletion") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      for (int i = 0; i < 7; ++i) REQUIRE(put(*store, "/filler/" + std::to_string(i), "", 0));
      Write request;
      request.key = "/a/x";
      request.value = "rv=;";
      request.revision_offset = 3;
      const auto created = write(*store, request);
      REQUIRE(created);
      CHECK((*created)->value == "rv=9;");
      const auto removed = remove(*store, "/a/x", 9);
      REQUIRE(removed);
      CHECK((*removed)->value == "rv=10;");
    }
  }
}

TEST_CASE("ranges are in key order, paged, and stay what they were at their revision") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      for (const char* key : {"/a/n/1", "/a/n/2", "/a/n/3", "/a/m/1", "/ab/n/1"}) REQUIRE(put(*store, key, key, 0));
      const Revision then = store->revision();

      CHECK(keys_of(*store->range("/a/", "", 0, 0)) == Texts{"/a/m/1", "/a/n/1", "/a/n/2", "/a/n/3"});
      CHECK(keys_of(*store->range("/a/n/", "", 0, 0)) == Texts{"/a/n/1", "/a/n/2", "/a/n/3"});
      CHECK(store->count("/a/") == 4);
      CHECK(store->count("/a/n/") == 3);
      CHECK(store->count("/none/") == 0);

      const auto first = store->range("/a/", "", 2, 0);
      REQUIRE(first);
      CHECK(keys_of(*first) == Texts{"/a/m/1", "/a/n/1"});
      CHECK(first->more);
      CHECK(first->remaining == 2);

      REQUIRE(remove(*store, "/a/n/2", store->get("/a/n/2")->mod_revision));
      REQUIRE(put(*store, "/a/n/25", "new", 0));
      REQUIRE(put(*store, "/a/n/3", "changed", store->get("/a/n/3")->mod_revision));
      REQUIRE(put(*store, "/a/n/3", "changed twice", store->get("/a/n/3")->mod_revision));

      const auto second = store->range("/a/", "/a/n/1", 2, then);
      REQUIRE(second);
      CHECK(keys_of(*second) == Texts{"/a/n/2", "/a/n/3"});
      CHECK(second->records[1]->value == "/a/n/3");
      CHECK_FALSE(second->more);
      CHECK(second->revision == then);

      const auto now = store->range("/a/", "", 0, 0);
      REQUIRE(now);
      CHECK(keys_of(*now) == Texts{"/a/m/1", "/a/n/1", "/a/n/25", "/a/n/3"});
      CHECK(now->records[3]->value == "changed twice");

      CHECK(store->range("/a/", "", 0, store->revision() + 1).error().code == Code::kFutureRevision);
    }
  }
}

TEST_CASE("a watch sees every event after its revision once, in order, and only its prefix") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      REQUIRE(put(*store, "/a/n/1", "", 0));  // 2
      REQUIRE(put(*store, "/b/n/1", "", 0));  // 3
      Bell bell;
      auto watch = store->watch("/a/n/", 1, bell.ring());
      REQUIRE(watch);
      CHECK(drain(**watch) == Texts{"CREATE /a/n/1@2"});
      CHECK((*watch)->position() == 3);

      REQUIRE(put(*store, "/b/n/2", "", 0));  // 4
      REQUIRE(put(*store, "/a/m/1", "", 0));  // 5
      CHECK(bell.count == 0);
      REQUIRE(put(*store, "/a/n/1", "", 2));  // 6
      REQUIRE(bell.wait_for(1));
      REQUIRE(remove(*store, "/a/n/1", 6));   // 7
      REQUIRE(put(*store, "/a/n/1", "", 0));  // 8
      // One wake-up until the watch has polled everything.
      CHECK(bell.count == 1);
      CHECK(drain(**watch) == Texts{"PUT /a/n/1@6", "DELETE /a/n/1@7", "CREATE /a/n/1@8"});
      CHECK(drain(**watch).empty());
      CHECK((*watch)->position() == 8);

      CHECK(store->watch("/a/", 9, [] {}).error().code == Code::kFutureRevision);
      auto late = store->watch("/a/", 7, [] {});
      REQUIRE(late);
      CHECK(drain(**late) == Texts{"CREATE /a/n/1@8"});
    }
  }
}

TEST_CASE("a scope may name a value of an indexed attribute") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      const bool index_first = GENERATE(true, false);
      if (index_first) store->index("/a/", "f:node");
      const auto put_on = [&](const std::string& key, const std::string& node, Revision expected) {
        Write request;
        request.key = key;
        request.value = "x";
        request.expected = expected;
        if (!node.empty()) request.attributes = {{"f:node", node}, {"l:node", "not this"}};
        REQUIRE(write(*store, std::move(request)));
      };
      const Attribute on_one{"f:node", "one"};
      const Attribute on_two{"f:node", "two"};
      put_on("/a/m/1", "one", 0);  // 2
      put_on("/a/n/1", "", 0);     // 3
      put_on("/a/n/2", "one", 0);  // 4
      store->index("/a/", "f:node");
      const Revision then = store->revision();
      CHECK(keys_of(*store->range({"/a/", on_one}, "", 0, 0)) == Texts{"/a/m/1", "/a/n/2"});
      CHECK(keys_of(*store->range({"/a/n/", on_one}, "", 0, 0)) == Texts{"/a/n/2"});
      CHECK(keys_of(*store->range({"/a/m/1", on_two}, "", 0, 0)).empty());

      Bell bell;
      auto watch = store->watch({"/a/n/", on_one}, 1, bell.ring());
      REQUIRE(watch);
      CHECK(drain(**watch) == Texts{"CREATE /a/n/2@4"});
      put_on("/a/n/3", "two", 0);  // 5
      put_on("/a/m/1", "one", 2);  // 6
      put_on("/a/n/3", "two", 5);  // 7
      CHECK(bell.count == 0);
      CHECK((*watch)->position() == 7);
      put_on("/a/n/1", "one", 3);  // 8: enters
      REQUIRE(bell.wait_for(1));
      put_on("/a/n/2", "two", 4);            // 9: leaves
      REQUIRE(remove(*store, "/a/n/1", 8));  // 10
      put_on("/a/n/2", "two", 9);            // 11: elsewhere
      CHECK(drain(**watch) == Texts{"PUT /a/n/1@8", "PUT /a/n/2@9", "DELETE /a/n/1@10"});
      CHECK(keys_of(*store->range({"/a/", on_one}, "", 0, 0)) == Texts{"/a/m/1"});
      CHECK(keys_of(*store->range({"/a/", on_two}, "", 0, 0)) == Texts{"/a/n/2", "/a/n/3"});
      // As it was.
      CHECK(keys_of(*store->range({"/a/", on_one}, "", 0, then)) == Texts{"/a/m/1", "/a/n/2"});
      CHECK(keys_of(*store->range({"/a/", on_two}, "", 0, then)).empty());
      const auto page = store->range({"/a/", on_one}, "", 1, then);
      CHECK(keys_of(*page) == Texts{"/a/m/1"});
      CHECK(page->remaining == 1);

      REQUIRE(store->compact(store->revision()));
      CHECK(keys_of(*store->range({"/a/", on_two}, "", 0, 0)) == Texts{"/a/n/2", "/a/n/3"});
      put_on("/a/n/9", "one", 0);  // 12
      CHECK(drain(**watch) == Texts{"CREATE /a/n/9@12"});
    }
  }
}

TEST_CASE("a scope of one key does not see those that begin with it") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      Bell bell;
      auto watch = store->watch("/a/n/x", 1, bell.ring());
      REQUIRE(watch);
      CHECK(drain(**watch).empty());
      REQUIRE(put(*store, "/a/n/xy", "", 0));
      REQUIRE(put(*store, "/a/n/", "", 0));
      CHECK(bell.count == 0);
      REQUIRE(put(*store, "/a/n/x", "", 0));
      REQUIRE(bell.wait_for(1));
      CHECK(drain(**watch) == Texts{"CREATE /a/n/x@4"});
      CHECK(keys_of(*store->range("/a/n/x", "", 0, 0)) == Texts{"/a/n/x"});
    }
  }
}

TEST_CASE("compaction forgets history but nothing that lives") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      REQUIRE(put(*store, "/a/1", "one", 0));   // 2
      REQUIRE(put(*store, "/a/2", "two", 0));   // 3
      REQUIRE(put(*store, "/a/1", "more", 2));  // 4
      REQUIRE(remove(*store, "/a/2", 3));       // 5
      REQUIRE(put(*store, "/a/3", "last", 0));  // 6
      auto behind = store->watch("/a/", 2, [] {});
      REQUIRE(behind);
      CHECK(store->compact(7).error().code == Code::kFutureRevision);
      REQUIRE(store->compact(5));

      CHECK(store->compacted_revision() == 5);
      CHECK(store->range("/a/", "", 0, 4).error().code == Code::kCompacted);
      CHECK(keys_of(*store->range("/a/", "", 0, 5)) == Texts{"/a/1"});
      CHECK(store->watch("/a/", 4, [] {}).error().code == Code::kCompacted);
      auto at_compacted = store->watch("/a/", 5, [] {});
      REQUIRE(at_compacted);
      CHECK(drain(**at_compacted) == Texts{"CREATE /a/3@6"});
      std::vector<EventPtr> events;
      CHECK((*behind)->poll(events, 10).error().code == Code::kCompacted);
      CHECK(store->get("/a/1")->value == "more");
    }
  }
}

TEST_CASE("a watch that has seen everything is not overtaken by a compaction of what did not concern it") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      auto watch = store->watch("/a/n/", 1, [] {});
      REQUIRE(watch);
      CHECK(drain(**watch).empty());
      for (int i = 0; i < 20; ++i) REQUIRE(put(*store, "/a/other/" + std::to_string(i), "", 0));
      REQUIRE(store->compact(store->revision()));
      REQUIRE(put(*store, "/a/n/x", "", 0));
      CHECK(drain(**watch) == Texts{"CREATE /a/n/x@22"});
    }
  }
}

TEST_CASE("concurrent writers of one key lose nothing") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      REQUIRE(put(*store, "/a/counter", "0", 0));
      auto watch = store->watch("/a/", 2, [] {});
      REQUIRE(watch);
      constexpr int kThreads = 4;
      constexpr int kIncrements = 50;
      std::atomic<int> failures = 0;
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          for (int done = 0; done < kIncrements;) {
            const RecordPtr seen = store->get("/a/counter");
            const auto written =
                put(*store, "/a/counter", std::to_string(std::stoi(seen->value) + 1), seen->mod_revision);
            if (written) {
              ++done;
            } else if (written.error().code != Code::kConflict) {
              ++failures;
              return;
            }
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      CHECK(failures == 0);
      CHECK(store->get("/a/counter")->value == std::to_string(kThreads * kIncrements));
      CHECK(store->revision() == 2 + kThreads * kIncrements);
      const Texts events = drain(**watch);
      REQUIRE(events.size() == kThreads * kIncrements);
      for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i] == "PUT /a/counter@" + std::to_string(3 + i));
    }
  }
}

TEST_CASE("a writer is told of its record before anybody can see it") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      std::vector<std::pair<RecordPtr, RecordPtr>> told;  // the record, and what stood there for all others
      const auto written = [&](std::optional<std::string> value, Revision expected) {
        Write request;
        request.key = "/a/x";
        request.expected = expected;
        request.value = std::move(value);
        request.before_visible = [&](const RecordPtr& record) { told.emplace_back(record, store->get("/a/x")); };
        return write(*store, std::move(request));
      };
      const auto created = written("one", 0);
      REQUIRE(created);
      REQUIRE(told.size() == 1);
      CHECK(told[0] == std::pair(*created, RecordPtr()));

      CHECK_FALSE(written("two", 0));
      CHECK(told.size() == 1);

      const auto removed = written(std::nullopt, (*created)->mod_revision);
      REQUIRE(removed);
      REQUIRE(told.size() == 2);
      CHECK(told[1] == std::pair(*removed, *created));
    }
  }
}

TEST_CASE("close answers what waits, wakes watches and refuses the rest") {
  for (const StoreFactory& factory : all_factories()) {
    DYNAMIC_SECTION(factory.name) {
      const auto store = factory.open();
      Bell bell;
      auto watch = store->watch("/a/", 1, bell.ring());
      REQUIRE(watch);
      CHECK(drain(**watch).empty());
      store->close();
      CHECK(bell.count == 1);
      std::vector<EventPtr> events;
      CHECK((*watch)->poll(events, 1).error().code == Code::kClosed);
      CHECK(put(*store, "/a/x", "", 0).error().code == Code::kClosed);
      store->close();
    }
  }
}

TEST_CASE("a durable store comes back as it was") {
  for (const StoreFactory& factory : all_factories()) {
    if (!factory.durable) continue;
    DYNAMIC_SECTION(factory.name) {
      auto store = factory.open();
      Write request;
      request.key = "/a/1";
      request.value = "rv=;";
      request.revision_offset = 3;
      request.attributes = {{"l:app", "x"}, {"l:empty", ""}};
      REQUIRE(write(*store, request));               // 2
      REQUIRE(put(*store, "/a/2", "two", 0));        // 3
      REQUIRE(put(*store, "/a/2", "two again", 3));  // 4
      REQUIRE(put(*store, "/a/3", "three", 0));      // 5
      REQUIRE(remove(*store, "/a/3", 5));            // 6
      const bool compacted = GENERATE(false, true);
      if (compacted) {
        REQUIRE(store->compact(4));
        REQUIRE(put(*store, "/a/4", "", 0));  // 7: carries the compaction to the disk
      }
      const Revision revision = store->revision();
      store.reset();

      store = factory.open();
      CHECK(store->revision() == revision);
      CHECK(store->compacted_revision() == (compacted ? 4 : 0));
      const RecordPtr first = store->get("/a/1");
      REQUIRE(first);
      CHECK(first->value == "rv=2;");
      CHECK(first->attributes == Attributes{{"l:app", "x"}, {"l:empty", ""}});
      CHECK(first->revision_offset == 3);
      const RecordPtr second = store->get("/a/2");
      REQUIRE(second);
      CHECK(second->value == "two again");
      CHECK(second->create_revision == 3);
      CHECK(second->version == 2);
      CHECK(store->get("/a/3") == nullptr);

      auto watch = store->watch("/a/", 4, [] {});
      REQUIRE(watch);
      Texts expected{"CREATE /a/3@5", "DELETE /a/3@6"};
      if (compacted) expected.push_back("CREATE /a/4@7");
      CHECK(drain(**watch) == expected);
      const auto next = put(*store, "/a/9", "", 0);
      REQUIRE(next);
      CHECK((*next)->mod_revision == revision + 1);
    }
  }
}

}  // namespace skiff::store::test
