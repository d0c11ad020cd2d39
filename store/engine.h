#pragma once

#include "store/history.h"
#include "store/journal.h"
#include "store/store.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace skiff::store {

// How much history the store keeps in memory and on disk for watches and for reads at a revision: a third of the live
// data, within these bounds. The oldest goes first.
struct EngineOptions {
  std::size_t min_history_bytes = std::size_t{4} << 20;
  std::size_t max_history_bytes = std::size_t{256} << 20;
  // Keys that begin with one of these are never written to the journal: heartbeats, which the next ones make worthless.
  // They are gone after a restart. Otherwise they are as all others, revisions included.
  std::vector<std::string> volatile_prefixes;
};

// The Store: one writer thread over a History in memory and a Journal on disk (or none).
//
//   write() -> queue -> writer thread: take all that waits, check each against the newest state (its own batch
//   included), give revisions -> one journal commit -> apply to the history under the lock -> answer and wake
//
// Revisions of volatile writes are in no entry of the journal. So that they are not given out again after a crash, the
// journal knows a revision that is reserved: a start goes on behind it. It is moved ahead by kReservedRevisions at a
// time, so that heartbeats reach the disk once in so many.
//
// Readers share a lock that the writer takes only to apply a batch, never while the disk works. Compaction rides on the
// next write, so an idle store writes nothing.
class Engine final : public Store {
 public:
  // Queued writes beyond this are refused with kUnavailable.
  static constexpr std::size_t kMaxQueuedWrites = 100'000;
  // Writes that share one commit, at most: bounds the wait of the first of them.
  static constexpr std::size_t kMaxBatch = 1024;
  static constexpr Revision kReservedRevisions = 100'000;

  // Replays the journal (null: nothing survives the process) and starts the writer.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(std::unique_ptr<Journal> journal, EngineOptions options);
  ~Engine() override;

  void write(Write write, Done done) override;
  [[nodiscard]] RecordPtr get(std::string_view key) const override;
  [[nodiscard]] Result<Range> range(const Scope& scope, std::string_view after, std::size_t limit,
                                    Revision revision) const override;
  [[nodiscard]] std::size_t count(std::string_view directory) const override;
  [[nodiscard]] Snapshot snapshot() const override;
  [[nodiscard]] Revision revision() const override;
  [[nodiscard]] Revision compacted_revision() const override;
  [[nodiscard]] Result<std::unique_ptr<Watch>> watch(Scope scope, Revision after, std::function<void()> wake) override;
  void index(const std::string& collection, const std::string& attribute) override;
  [[nodiscard]] Result<void> compact(Revision revision) override;
  void close() override;

 private:
  class LogWatch;
  struct Batch;
  struct Queued {
    Write write;
    Done done;
  };

  explicit Engine(std::unique_ptr<Journal> journal, EngineOptions options);
  [[nodiscard]] Result<void> replay();
  [[nodiscard]] Result<void> replay_entry(JournalEntry entry);
  [[nodiscard]] Result<void> check_revision(Revision revision) const;
  void run_writer();
  void commit(std::vector<Queued> queued);
  // What of the batch must survive the process, made durable.
  [[nodiscard]] Result<void> commit_to_journal(Batch& batch);
  [[nodiscard]] bool is_volatile(std::string_view key) const;
  // Checks the writes one after the other and gives revisions to those that hold; nothing is visible yet.
  [[nodiscard]] Batch prepare(std::vector<Queued> queued) const;
  // One of them, with those that it brings along.
  [[nodiscard]] Result<RecordPtr> add(Write& write, Batch& batch) const;
  // The newest record of a key, the batch included; null when there is none.
  [[nodiscard]] RecordPtr newest(const std::string& key, const Batch& batch) const;
  [[nodiscard]] Result<void> check_expected(const Write& write, const Batch& batch) const;
  void publish(const Batch& batch);
  // Of the armed watches that an event concerns.
  using Wake = std::shared_ptr<const std::function<void()>>;
  using Wakes = std::vector<Wake>;
  void collect_wakes(const Event& event, Wakes& wakes);
  void collect_wakes_of(const std::string& channel, const Event& event, Wakes& wakes);
  void compact_to_bounds();
  void compact_history(Revision revision);
  void forget(LogWatch* watch);

  const std::unique_ptr<Journal> journal_;
  const EngineOptions options_;
  Revision reserved_ = 0;  // the writer's, and of the thread that opens

  mutable std::shared_mutex state_mutex_;  // guards the members up to closed_
  History history_;
  std::unordered_map<std::string, std::unordered_set<LogWatch*>> watches_;  // by LogWatch::channel()
  std::vector<Revision> forgotten_;  // what history has let go of and the journal still holds
  bool closed_ = false;

  std::mutex queue_mutex_;  // guards the members up to stopping_
  std::condition_variable queue_filled_;
  std::vector<Queued> queue_;
  bool stopping_ = false;

  std::thread writer_;
};

}  // namespace skiff::store
