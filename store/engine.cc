#include "store/engine.h"

#include "api/base/check.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace skiff::store {
namespace {

Error closed_error() { return Error{Code::kClosed, "the store is closed", nullptr}; }

// Puts the decimal revision into the value, in place of `old_length` characters.
void stamp(Record& record, std::size_t old_length) {
  if (record.revision_offset == std::string::npos) return;
  record.value.replace(record.revision_offset, old_length, std::to_string(record.mod_revision));
}

RecordPtr make_record(Write& write, const RecordPtr& previous, Revision revision) {
  auto record = std::make_shared<Record>();
  record->key = std::move(write.key);
  record->value = std::move(*write.value);
  record->attributes = std::move(write.attributes);
  record->mod_revision = revision;
  record->create_revision = previous ? previous->create_revision : revision;
  record->version = previous ? previous->version + 1 : 1;
  record->revision_offset = write.revision_offset;
  stamp(*record, 0);
  // It is kept for long and never grows again; what it grew by while it was made may be as much as itself.
  record->value.shrink_to_fit();
  return record;
}

// What a deletion leaves to tell: the last record under the deletion's revision.
RecordPtr make_tombstone(const Record& last, Revision revision) {
  auto record = std::make_shared<Record>(last);
  record->mod_revision = revision;
  stamp(*record, std::to_string(last.mod_revision).size());
  return record;
}

}  // namespace

// Under Engine::state_mutex_ throughout: shared in poll(), exclusive when the writer publishes.
class Engine::LogWatch final : public Watch {
 public:
  LogWatch(Engine& engine, Scope scope, Revision position, std::function<void()> wake)
      : engine_(engine),
        scope_(std::move(scope)),
        position_(position),
        wake_(std::make_shared<const std::function<void()>>(std::move(wake))) {}
  ~LogWatch() override { engine_.forget(this); }

  Result<void> poll(std::vector<EventPtr>& events, std::size_t max) override {
    const std::shared_lock lock(engine_.state_mutex_);
    if (engine_.closed_) return closed_error();
    const std::size_t before = events.size();
    position_ = seen_revision();
    if (!engine_.history_.events_after(scope_, position_, max, events)) {
      return Error{Code::kCompacted, "the watch fell behind the history that is kept", nullptr};
    }
    armed_ = events.size() == before;
    return {};
  }

  [[nodiscard]] Revision position() const override {
    const std::shared_lock lock(engine_.state_mutex_);
    return seen_revision();
  }

  // The name under which events find the watch: that of the path, or of the part of the history that is indexed.
  [[nodiscard]] std::string channel() const {
    return scope_.attribute ? engine_.history_.part_of(scope_) : scope_.path;
  }
  // Of the events of its channel.
  [[nodiscard]] bool concerns(const Event& event) const { return scope_.covers(event.record->key); }
  [[nodiscard]] bool armed() const { return armed_; }

  // Shared, so that the writer, under its lock, only counts those whom it will wake.
  [[nodiscard]] const Wake& wake() const { return wake_; }
  // Before the event of this revision, which concerns the watch, there was none.
  void disarm(Revision revision) {
    armed_ = false;
    position_ = revision - 1;
  }

 private:
  // While armed the watch has seen everything.
  [[nodiscard]] Revision seen_revision() const { return armed_ ? engine_.history_.revision() : position_; }

  Engine& engine_;
  const Scope scope_;
  Revision position_;
  const Wake wake_;
  bool armed_ = false;
};

// One commit in the making: the events so far, and the answers to give when it is durable.
struct Engine::Batch {
  std::vector<EventPtr> events;
  std::vector<EventPtr> durable;                       // those that go into the journal
  std::unordered_map<std::string, RecordPtr> written;  // newest record per key of this batch; null = deleted
  std::vector<std::pair<Done, Result<RecordPtr>>> answers;
  std::vector<std::pair<std::function<void(const RecordPtr&)>, RecordPtr>> announcements;
  std::vector<Revision> forgotten;
  Revision compacted = 0;
  Revision revision = 0;  // of the last event

  RecordPtr put(Write& write, const RecordPtr& previous);
};

Result<std::unique_ptr<Store>> Engine::open(std::unique_ptr<Journal> journal, EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine(std::move(journal), options));
  if (engine->journal_) {
    if (auto replayed = engine->replay(); !replayed) return replayed.error();
  }
  engine->writer_ = std::thread([raw = engine.get()] { raw->run_writer(); });
  return std::unique_ptr<Store>(std::move(engine));
}

Engine::Engine(std::unique_ptr<Journal> journal, EngineOptions options)
    : journal_(std::move(journal)), options_(options) {}

Engine::~Engine() { close(); }

Result<void> Engine::replay() {
  const auto compacted = journal_->compacted_revision();
  if (!compacted) return compacted.error();
  const auto reserved = journal_->reserved_revision();
  if (!reserved) return reserved.error();
  reserved_ = *reserved;
  history_.set_compacted(*compacted);
  history_.set_revision(std::max<Revision>(1, *compacted));
  auto replayed = journal_->replay([this](JournalEntry entry) { return replay_entry(std::move(entry)); });
  if (replayed) history_.set_revision(std::max(history_.revision(), reserved_));
  return replayed;
}

Result<void> Engine::replay_entry(JournalEntry entry) {
  const Revision revision = entry.record.mod_revision;
  const RecordPtr previous = history_.get(entry.record.key);
  const bool has_event = revision > history_.compacted();
  // Up to the reserved revision, those that are missing were volatile.
  const bool has_gap = has_event && revision > history_.revision() + 1 && revision > reserved_ + 1;
  const bool is_repeated = has_event && revision <= history_.revision();
  if (has_gap || is_repeated || (entry.deletion && (!previous || !has_event))) {
    return Error{Code::kCorrupt, fmt::format("the log is damaged at revision {}", revision), nullptr};
  }
  if (!has_event) {
    history_.restore(std::make_shared<const Record>(std::move(entry.record)));
    return {};
  }
  auto event = std::make_shared<Event>();
  event->type = entry.deletion ? Event::Type::kDelete : Event::Type::kPut;
  event->previous = previous;
  event->record =
      entry.deletion ? make_tombstone(*previous, revision) : std::make_shared<const Record>(std::move(entry.record));
  history_.set_revision(revision - 1);
  history_.apply(std::move(event));
  return {};
}

bool Engine::is_volatile(std::string_view key) const {
  return std::any_of(options_.volatile_prefixes.begin(), options_.volatile_prefixes.end(),
                     [key](const std::string& prefix) { return key.starts_with(prefix); });
}

void Engine::write(Write write, Done done) {
  const auto refusal = [&]() -> std::optional<Error> {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) return closed_error();
    if (queue_.size() >= kMaxQueuedWrites) return Error{Code::kUnavailable, "too many writes are waiting", nullptr};
    queue_.push_back(Queued{std::move(write), std::move(done)});
    queue_filled_.notify_one();
    return std::nullopt;
  }();
  if (refusal) done(*refusal);
}

void Engine::run_writer() {
  for (;;) {
    std::vector<Queued> taken;
    {
      std::unique_lock lock(queue_mutex_);
      queue_filled_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      if (queue_.size() <= kMaxBatch) {
        taken.swap(queue_);
      } else {
        const auto end = queue_.begin() + kMaxBatch;
        taken.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
        queue_.erase(queue_.begin(), end);
      }
    }
    commit(std::move(taken));
  }
}

void Engine::commit(std::vector<Queued> queued) {
  Batch batch = prepare(std::move(queued));
  if (!batch.events.empty()) {
    auto committed = journal_ ? commit_to_journal(batch) : Result<void>();
    if (committed) {
      for (const auto& [before_visible, record] : batch.announcements) before_visible(record);
      publish(batch);
    } else {
      // Also those that had lost: against a write that never happened.
      for (auto& [done, answer] : batch.answers) answer = committed.error();
    }
  }
  for (auto& [done, answer] : batch.answers) done(std::move(answer));
}

Result<void> Engine::commit_to_journal(Batch& batch) {
  std::copy_if(batch.events.begin(), batch.events.end(), std::back_inserter(batch.durable),
               [this](const EventPtr& event) { return !is_volatile(event->record->key); });
  Journal::Batch entry{batch.durable, batch.forgotten, 0, 0};
  if (!batch.forgotten.empty()) entry.compacted = batch.compacted;
  const bool has_volatile = batch.durable.size() < batch.events.size();
  if (has_volatile && batch.revision > reserved_) entry.reserved = batch.revision + kReservedRevisions;
  if (batch.durable.empty() && entry.reserved == 0) {
    // What is to be forgotten waits for a write that needs the disk.
    batch.forgotten.clear();
    return {};
  }
  auto committed = journal_->commit(entry);
  if (committed && entry.reserved != 0) reserved_ = entry.reserved;
  return committed;
}

Engine::Batch Engine::prepare(std::vector<Queued> queued) const {
  const std::shared_lock lock(state_mutex_);
  Batch batch;
  batch.forgotten = forgotten_;
  batch.compacted = history_.compacted();
  batch.revision = history_.revision();
  for (Queued& item : queued) {
    Result<RecordPtr> written = add(item.write, batch);
    batch.answers.emplace_back(std::move(item.done), std::move(written));
  }
  return batch;
}

Result<RecordPtr> Engine::add(Write& write, Batch& batch) const {
  if (auto expected = check_expected(write, batch); !expected) return expected.error();
  for (const Write& other : write.together) {
    if (auto expected = check_expected(other, batch); !expected) return expected.error();
  }
  RecordPtr written = batch.put(write, newest(write.key, batch));
  if (write.before_visible) batch.announcements.emplace_back(std::move(write.before_visible), written);
  for (Write& other : write.together) batch.put(other, newest(other.key, batch));
  return written;
}

RecordPtr Engine::newest(const std::string& key, const Batch& batch) const {
  const auto in_batch = batch.written.find(key);
  return in_batch != batch.written.end() ? in_batch->second : history_.get(key);
}

Result<void> Engine::check_expected(const Write& write, const Batch& batch) const {
  RecordPtr current = newest(write.key, batch);
  const Revision found = current ? current->mod_revision : 0;
  if (found == write.expected && (write.value || current)) return {};
  auto message = fmt::format("{}: expected revision {}, found {}", write.key, write.expected, found);
  return Error{Code::kConflict, std::move(message), std::move(current), write.key};
}

// The event of a write that has been checked.
RecordPtr Engine::Batch::put(Write& write, const RecordPtr& previous) {
  auto event = std::make_shared<Event>();
  event->previous = previous;
  ++revision;
  if (write.value) {
    event->record = make_record(write, previous, revision);
    written[event->record->key] = event->record;
  } else {
    event->type = Event::Type::kDelete;
    event->record = make_tombstone(*previous, revision);
    written[event->record->key] = nullptr;
  }
  events.push_back(event);
  return event->record;
}

void Engine::publish(const Batch& batch) {
  Wakes wakes;
  {
    const std::unique_lock lock(state_mutex_);
    for (const EventPtr& event : batch.events) {
      history_.apply(event);
      collect_wakes(*event, wakes);
    }
    // What this commit removed from the journal; compact() may have added to the list meanwhile.
    forgotten_.erase(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(batch.forgotten.size()));
    compact_to_bounds();
  }
  for (const Wake& wake : wakes) (*wake)();
}

void Engine::collect_wakes(const Event& event, Wakes& wakes) {
  if (watches_.empty()) return;
  const std::string& key = event.record->key;
  // Those of each directory that the key lies in, and of the key itself.
  for (std::size_t slash = key.find('/', 1); slash != std::string::npos; slash = key.find('/', slash + 1)) {
    collect_wakes_of(key.substr(0, slash + 1), event, wakes);
  }
  collect_wakes_of(key, event, wakes);
  const auto parts = history_.parts_of(event);
  for (std::size_t i = 1; i < parts.size(); ++i) collect_wakes_of(parts[i].name, event, wakes);
}

void Engine::collect_wakes_of(const std::string& channel, const Event& event, Wakes& wakes) {
  const auto watchers = watches_.find(channel);
  if (watchers == watches_.end()) return;
  for (LogWatch* watch : watchers->second) {
    if (!watch->armed() || !watch->concerns(event)) continue;
    watch->disarm(event.record->mod_revision);
    wakes.push_back(watch->wake());
  }
}

void Engine::compact_history(Revision revision) {
  history_.compact(revision, [this](const std::string& key, Revision forgotten) {
    if (!is_volatile(key)) forgotten_.push_back(forgotten);
  });
}

void Engine::compact_to_bounds() {
  const std::size_t allowed =
      std::clamp(history_.live_bytes() / 3, options_.min_history_bytes, options_.max_history_bytes);
  if (history_.history_bytes() <= allowed) return;
  // A quarter below the bound, so that not every write compacts.
  compact_history(history_.revision_to_keep(allowed - allowed / 4));
}

RecordPtr Engine::get(std::string_view key) const {
  const std::shared_lock lock(state_mutex_);
  return history_.get(key);
}

Result<void> Engine::check_revision(Revision revision) const {
  if (revision > history_.revision()) {
    return Error{Code::kFutureRevision,
                 fmt::format("revision {} is in the future, the newest is {}", revision, history_.revision()), nullptr};
  }
  if (revision < history_.compacted()) {
    return Error{Code::kCompacted,
                 fmt::format("revision {} has been compacted, the oldest is {}", revision, history_.compacted()),
                 nullptr};
  }
  return {};
}

Result<Range> Engine::range(const Scope& scope, std::string_view after, std::size_t limit, Revision revision) const {
  const std::shared_lock lock(state_mutex_);
  if (revision == 0) revision = history_.revision();
  if (auto known = check_revision(revision); !known) return known.error();
  return history_.range(scope, after, limit, revision);
}

std::size_t Engine::count(std::string_view directory) const {
  const std::shared_lock lock(state_mutex_);
  return history_.count(directory);
}

Snapshot Engine::snapshot() const {
  Snapshot snapshot;
  {
    const std::shared_lock lock(state_mutex_);
    snapshot.revision = history_.revision();
    history_.for_each([&snapshot](const RecordPtr& record) { snapshot.records.push_back(record); });
  }
  std::erase_if(snapshot.records, [this](const RecordPtr& record) { return is_volatile(record->key); });
  std::sort(snapshot.records.begin(), snapshot.records.end(),
            [](const RecordPtr& a, const RecordPtr& b) { return a->mod_revision < b->mod_revision; });
  return snapshot;
}

Revision Engine::revision() const {
  const std::shared_lock lock(state_mutex_);
  return history_.revision();
}

Revision Engine::compacted_revision() const {
  const std::shared_lock lock(state_mutex_);
  return history_.compacted();
}

Result<std::unique_ptr<Watch>> Engine::watch(Scope scope, Revision after, std::function<void()> wake) {
  const std::unique_lock lock(state_mutex_);
  if (closed_) return closed_error();
  if (auto known = check_revision(after); !known) return known.error();
  auto watch = std::make_unique<LogWatch>(*this, std::move(scope), after, std::move(wake));
  watches_[watch->channel()].insert(watch.get());
  return std::unique_ptr<Watch>(std::move(watch));
}

void Engine::forget(LogWatch* watch) {
  const std::unique_lock lock(state_mutex_);
  const auto watchers = watches_.find(watch->channel());
  CHECK_INVARIANT(watchers != watches_.end());
  watchers->second.erase(watch);
  if (watchers->second.empty()) watches_.erase(watchers);
}

void Engine::index(const std::string& collection, const std::string& attribute) {
  const std::unique_lock lock(state_mutex_);
  history_.index(collection, attribute);
}

Result<void> Engine::compact(Revision revision) {
  const std::unique_lock lock(state_mutex_);
  if (revision > history_.revision()) return check_revision(revision);
  compact_history(revision);
  return {};
}

void Engine::close() {
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) return;
    stopping_ = true;
    queue_filled_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
  Wakes wakes;
  {
    const std::unique_lock lock(state_mutex_);
    closed_ = true;
    for (const auto& [channel, watchers] : watches_) {
      for (const LogWatch* watch : watchers) wakes.push_back(watch->wake());
    }
  }
  for (const Wake& wake : wakes) (*wake)();
}

}  // namespace skiff::store
