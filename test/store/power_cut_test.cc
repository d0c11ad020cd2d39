#include "store/sqlite/sqlite_store.h"
#include "test/contract/store/store_fixture.h"
#include "test/store/memory_disk.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>
#include <set>

namespace skiff::store::test {
namespace {

constexpr const char* kCutPath = "/store.db";
constexpr const char* kBeats = "/a/beat/";

EngineOptions small_history() {
  EngineOptions options;
  options.min_history_bytes = 20'000;
  options.max_history_bytes = 20'000;
  options.volatile_prefixes.emplace_back(kBeats);
  return options;
}

// Writes that happen together or not at all, of which the client does not know whether they did.
struct Attempt {
  std::map<std::string, std::optional<std::string>> values;  // by key; none: deleted
};

// All that clients know of a store, over all its lives: what was acknowledged, what they never heard of again, and what
// a watch that is taken up after each cut has told.
class Witness {
 public:
  // The store has just been opened.
  void check_start(Store& store) {
    for (const Attempt& attempt : open_) settle(store, attempt);
    open_.clear();
    std::erase_if(known_, [](const auto& entry) { return entry.first.starts_with(kBeats); });
    CHECK(contents(store) == known_);
    std::erase_if(watched_, [](const auto& entry) { return entry.first.starts_with(kBeats); });
    CHECK(store.revision() >= position_);
    take_up_watch(store);
    CHECK(watched_ == known_);
  }

  // Writes until the power is gone or enough was written.
  void write(Store& store, const MemoryDisk& disk, std::mt19937_64& random) {
    for (int burst = 0; burst < 6 && !disk.is_without_power(); ++burst) {
      std::vector<std::string> free_keys;
      for (int i = 0; i < 12; ++i) free_keys.push_back((i < 2 ? kBeats : "/a/") + std::to_string(i));
      std::shuffle(free_keys.begin(), free_keys.end(), random);
      std::vector<std::pair<Attempt, std::future<Result<RecordPtr>>>> waiting;
      while (!free_keys.empty()) waiting.push_back(begin(store, free_keys, random));
      for (auto& [attempt, answer] : waiting) note_answer(store, std::move(attempt), answer.get());
    }
    take_up_watch(store);
    CHECK(watched_ == known_);
  }

 private:
  using Contents = std::map<std::string, std::string>;  // what a record says, by key

  static std::string text_of(const Record& record) {
    return std::to_string(record.create_revision) + " " + std::to_string(record.mod_revision) + " " +
           std::to_string(record.version) + " " + record.value;
  }

  static Contents contents(Store& store) {
    Contents contents;
    const auto all = store.range("/a/", "", 0, 0);
    REQUIRE(all);
    for (const RecordPtr& record : all->records) contents[record->key] = text_of(*record);
    return contents;
  }

  // All of an attempt has happened, or nothing.
  void settle(Store& store, const Attempt& attempt) {
    std::set<bool> happened;
    for (const auto& [key, value] : attempt.values) {
      if (key.starts_with(kBeats)) continue;
      const RecordPtr record = store.get(key);
      const bool stands = value ? record && record->value == *value : !record;
      happened.insert(stands);
      if (stands && record) known_[key] = text_of(*record);
      if (stands && !record) known_.erase(key);
    }
    CHECK(happened.size() <= 1);
  }

  // A write of one to three of the keys, which are taken out.
  std::pair<Attempt, std::future<Result<RecordPtr>>> begin(Store& store, std::vector<std::string>& keys,
                                                           std::mt19937_64& random) {
    Attempt attempt;
    std::vector<Write> writes;
    do {
      Write write;
      write.key = keys.back();
      keys.pop_back();
      const RecordPtr current = store.get(write.key);
      write.expected = current ? current->mod_revision : 0;
      if (!current || random() % 4 != 0) {
        write.value = std::to_string(++values_) + std::string(random() % 3000, 'x');
      }
      attempt.values[write.key] = write.value;
      writes.push_back(std::move(write));
    } while (!keys.empty() && writes.size() < 3 && random() % 3 == 0);
    Write first = std::move(writes.front());
    first.together.assign(std::make_move_iterator(writes.begin() + 1), std::make_move_iterator(writes.end()));
    auto promise = std::make_shared<std::promise<Result<RecordPtr>>>();
    auto answer = promise->get_future();
    store.write(std::move(first), [promise](Result<RecordPtr> result) { promise->set_value(std::move(result)); });
    return {std::move(attempt), std::move(answer)};
  }

  void note_answer(Store& store, Attempt attempt, const Result<RecordPtr>& answer) {
    if (!answer) {
      CHECK(answer.error().code == Code::kUnavailable);
      open_.push_back(std::move(attempt));
      return;
    }
    CHECK((*answer)->mod_revision > newest_);
    for (const auto& [key, value] : attempt.values) {
      const RecordPtr record = store.get(key);
      CHECK((record ? std::optional(record->value) : std::nullopt) == value);
      if (record) {
        newest_ = std::max(newest_, record->mod_revision);
        known_[key] = text_of(*record);
      } else {
        known_.erase(key);
      }
    }
  }

  // From where it was, or from the present when that is forgotten.
  void take_up_watch(Store& store) {
    const auto watch = store.watch("/a/", position_, [] {});
    if (!watch && watch.error().code == Code::kCompacted) {
      watched_ = contents(store);
      position_ = store.revision();
      return;
    }
    REQUIRE(watch);
    std::vector<EventPtr> events;
    for (std::size_t before = 1; before > 0;) {
      before = events.size();
      REQUIRE((*watch)->poll(events, 100));
      before = events.size() - before;
    }
    for (const EventPtr& event : events) note_event(*event);
    position_ = (*watch)->position();
  }

  void note_event(const Event& event) {
    const Record& record = *event.record;
    CHECK(record.mod_revision > position_);
    position_ = record.mod_revision;
    newest_ = std::max(newest_, position_);
    const bool deleted = event.type == Event::Type::kDelete;
    const std::string text = record.key + (deleted ? " deleted" : " " + text_of(record));
    // No revision is given out twice.
    CHECK(happened_.emplace(record.mod_revision, text).first->second == text);
    if (deleted) {
      watched_.erase(record.key);
    } else {
      watched_[record.key] = text_of(record);
    }
  }

  Contents known_;
  std::vector<Attempt> open_;
  std::uint64_t values_ = 0;
  Revision newest_ = 1;  // that anybody was told
  Contents watched_;
  Revision position_ = 1;
  std::map<Revision, std::string> happened_;
};

int cuts() {
  const char* wanted = std::getenv("SKIFF_POWER_CUTS");
  return wanted != nullptr ? std::atoi(wanted) : 200;
}

constexpr int kCutsPerDisk = 10;

// One life of a store. Now and then the power fails in the middle of its start, now and then not at all.
void live(MemoryDisk& disk, Witness& witness, bool fails_early, std::mt19937_64& random) {
  if (fails_early) disk.cut_power_after(random() % 30);
  {
    const auto store = open_sqlite_store(kCutPath, small_history());
    if (!store && disk.is_without_power()) {
      CHECK(store.error().code == Code::kUnavailable);
    } else {
      REQUIRE(store);
      witness.check_start(**store);
      if (!fails_early) disk.cut_power_after(random() % 120);
      witness.write(**store, disk, random);
    }
  }
  if (disk.is_without_power() || random() % 4 != 0) disk.restore_power(random);
}

}  // namespace

TEST_CASE("sqlite: power cuts lose nothing that was acknowledged, and leave nothing half done") {
  std::mt19937_64 random(20261123);
  for (int done = 0; done < cuts(); done += kCutsPerDisk) {
    MemoryDisk disk;
    Witness witness;
    for (int cut = 0; cut < kCutsPerDisk; ++cut) {
      INFO("cut " << done + cut);
      live(disk, witness, cut == 0 || random() % 4 == 0, random);
    }
  }
}

}  // namespace skiff::store::test
