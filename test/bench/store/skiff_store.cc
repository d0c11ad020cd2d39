#include "store/sqlite/sqlite_store.h"
#include "test/bench/store/tried_store.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

namespace skiff::bench {
namespace {

constexpr std::size_t kEventsPerPoll = 100;

template <class T>
T value_of(store::Result<T> result) {
  if (!result) fail("skiff's store: " + result.error().message);
  return std::move(*result);
}

// A thread that sleeps until the store wakes it.
class SkiffWatch final : public TriedStore::Watch {
 public:
  SkiffWatch(store::Store& store, const std::string& directory, TriedStore::Came came)
      : came_(std::move(came)), watch_(value_of(store.watch(directory, store.revision(), [this] { wake(); }))) {
    thread_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
  }
  ~SkiffWatch() override {
    thread_.request_stop();
    wake();
    thread_.join();
    watch_.reset();
  }

 private:
  void wake() {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    changed_.notify_one();
  }

  void follow(const std::stop_token& stop) {
    std::vector<store::EventPtr> events;
    while (!stop.stop_requested()) {
      events.clear();
      if (const auto polled = watch_->poll(events, kEventsPerPoll); !polled) fail(polled.error().message);
      for (const store::EventPtr& event : events) came_(event->record->mod_revision);
      if (!events.empty()) continue;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return awake_; });
      awake_ = false;
    }
  }

  const TriedStore::Came came_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool awake_ = false;
  std::unique_ptr<store::Watch> watch_;
  std::jthread thread_;
};

class SkiffStore final : public TriedStore {
 public:
  explicit SkiffStore(const std::string& directory)
      : store_(value_of(store::open_sqlite_store(directory + "/store.db"))) {}

  std::int64_t put(const std::string& key, const std::string& value, std::int64_t expected) override {
    std::promise<store::Result<store::RecordPtr>> written;
    store::Write write;
    write.key = key;
    write.expected = expected;
    write.value = value;
    store_->write(std::move(write),
                  [&written](store::Result<store::RecordPtr> result) { written.set_value(std::move(result)); });
    return value_of(written.get_future().get())->mod_revision;
  }
  std::size_t get(const std::string& key) override {
    const store::RecordPtr record = store_->get(key);
    return record == nullptr ? 0 : record->value.size();
  }
  std::size_t range(const std::string& directory, std::size_t limit) override {
    return value_of(store_->range(directory, "", limit, 0)).records.size();
  }
  std::unique_ptr<Watch> watch(const std::string& directory, Came came) override {
    return std::make_unique<SkiffWatch>(*store_, directory, std::move(came));
  }

 private:
  const std::unique_ptr<store::Store> store_;
};

}  // namespace

std::unique_ptr<TriedStore> open_skiff_store(const std::string& directory) {
  return std::make_unique<SkiffStore>(directory);
}

}  // namespace skiff::bench
