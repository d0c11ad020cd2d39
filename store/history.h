#pragma once

#include "store/records.h"
#include "store/store.h"

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace skiff::store {

// The live records in key order and the recent events, in parts: by collection, and by the values of indexed
// attributes. That is all that reads and watches need. Not thread-safe; the Engine guards it. An old state is the
// present one with the events since then undone, so history costs only the old records.
class History {
 public:
  // The first path segment of a key, slashes included: "/pods/" of "/pods/default/a". The whole key if it has none.
  [[nodiscard]] static std::string_view collection_of(std::string_view key);

  // As Store::index.
  void index(const std::string& collection, const std::string& attribute);

  // Puts a record in place without an event: what a journal holds from before its compacted revision. Before index().
  void restore(RecordPtr record);
  // The next event.
  void apply(EventPtr event);
  // Events up to `revision` are forgotten; calls `forget` with each record that goes with them, named by its key and
  // its revision.
  using Forget = std::function<void(const std::string& key, Revision revision)>;
  void compact(Revision revision, const Forget& forget);
  // For a history that begins later than its journal (see Engine::open).
  void set_revision(Revision revision) { revision_ = revision; }
  void set_compacted(Revision revision) { compacted_ = revision; }

  [[nodiscard]] RecordPtr get(std::string_view key) const;
  [[nodiscard]] std::size_t count(std::string_view directory) const;
  // Calls `each` with every live record, in no order.
  void for_each(const std::function<void(const RecordPtr&)>& each) const;
  // As Store::range; `revision` is within compacted()..revision().
  [[nodiscard]] Range range(const Scope& scope, std::string_view after, std::size_t limit, Revision revision) const;

  // Events of the scope after `position`, up to `max` of them. False when some were forgotten. `position` moves to the
  // last event looked at, or to revision() when all were.
  [[nodiscard]] bool events_after(const Scope& scope, Revision& position, std::size_t max,
                                  std::vector<EventPtr>& events) const;

  // The parts that an event belongs to: its collection first, then per indexed attribute the value that its record has
  // and the one that it had.
  struct PartOfEvent {
    std::string name;
    bool holds_record = false;  // after the event
  };
  [[nodiscard]] std::vector<PartOfEvent> parts_of(const Event& event) const;
  // The name of the smallest part that a scope lies in.
  [[nodiscard]] std::string part_of(const Scope& scope) const;

  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] Revision compacted() const { return compacted_; }
  // Bytes of the live records, and of the records that only history keeps.
  [[nodiscard]] std::size_t live_bytes() const { return live_bytes_; }
  [[nodiscard]] std::size_t history_bytes() const { return history_bytes_; }
  // The revision to compact to so that about `bytes` of history stay.
  [[nodiscard]] Revision revision_to_keep(std::size_t bytes) const;

  // How many records and events range() and events_after() have looked at so far; for tests that guard their cost.
  [[nodiscard]] std::size_t visited() const { return visited_.load(std::memory_order_relaxed); }

 private:
  struct Part {
    Records records;
    std::deque<EventPtr> events;
    Revision compacted = 0;  // of the newest event forgotten here
  };
  // The records of a part that differ between now and then: what stood there then (null: nothing).
  using Undone = std::map<std::string_view, RecordPtr>;

  [[nodiscard]] const Part* find_part(const std::string& name) const;
  [[nodiscard]] Undone undo(const Part& part, const Scope& scope, Revision revision) const;

  std::unordered_map<std::string, Part> parts_;
  std::unordered_map<std::string, std::vector<std::string>> indexes_;  // names of attributes, by collection
  std::deque<EventPtr> events_;                                        // of all collections
  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::size_t live_bytes_ = 0;
  std::size_t history_bytes_ = 0;
  mutable std::atomic<std::size_t> visited_ = 0;
};

}  // namespace skiff::store
