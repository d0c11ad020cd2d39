#pragma once

#include "store/store.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace skiff::store {

// The live records in key order and the recent events, by collection: everything that reads and watches need. Not
// thread-safe; the Engine guards it. An old state is the present one with the events since then undone, so history
// costs only the old records.
class History {
 public:
  // The first path segment of a key, slashes included: "/pods/" of "/pods/default/a". The whole key if it has none.
  [[nodiscard]] static std::string_view collection_of(std::string_view key);

  // Puts a record in place without an event: what a journal holds from before its compacted revision.
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
  [[nodiscard]] std::size_t count(std::string_view prefix) const;
  // As Store::range; `revision` is within compacted()..revision().
  [[nodiscard]] Range range(std::string_view prefix, std::string_view after, std::size_t limit,
                            Revision revision) const;

  // Events of the prefix's collection after `position`, up to `max` of them, whose key begins with the prefix. False
  // when some were forgotten. `position` moves to the last event looked at, or to revision() when all were.
  [[nodiscard]] bool events_after(std::string_view prefix, Revision& position, std::size_t max,
                                  std::vector<EventPtr>& events) const;

  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] Revision compacted() const { return compacted_; }
  // Bytes of the live records, and of the records that only history keeps.
  [[nodiscard]] std::size_t live_bytes() const { return live_bytes_; }
  [[nodiscard]] std::size_t history_bytes() const { return history_bytes_; }
  // The revision to compact to so that about `bytes` of history stay.
  [[nodiscard]] Revision revision_to_keep(std::size_t bytes) const;

 private:
  using Records = std::map<std::string, RecordPtr, std::less<>>;
  struct Collection {
    Records records;
    std::deque<EventPtr> events;
    Revision compacted = 0;  // of the newest event forgotten here
  };

  [[nodiscard]] const Collection* find_collection(std::string_view key) const;
  // The records that differ between now and `revision`: what stood there then (null: nothing).
  [[nodiscard]] static std::map<std::string_view, RecordPtr> undo(const Collection& collection, std::string_view prefix,
                                                                  Revision revision);

  std::unordered_map<std::string, Collection> collections_;
  std::deque<EventPtr> events_;  // of all collections
  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::size_t live_bytes_ = 0;
  std::size_t history_bytes_ = 0;
};

}  // namespace skiff::store
