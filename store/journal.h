#pragma once

#include "store/store.h"

#include <functional>
#include <span>
#include <string>

namespace skiff::store {

// One entry of the log on disk: the record that a write made, or the mark that it deleted the key.
struct JournalEntry {
  bool deletion = false;
  // For a deletion only key, mod_revision and version count; the last value is that of the entry before it.
  Record record;
};

// The log on disk below the Engine: append-only but for the entries that compaction names. Used by one thread at a time
// (the engine's writer, and at start the thread that opens the store); blocks on the disk.
class Journal {
 public:
  virtual ~Journal() = default;

  // The compacted revision that was last recorded (0: never). Entries up to it are what was live then; after it stands
  // every entry. What is missing among them up to the reserved revision was never meant to be kept.
  [[nodiscard]] virtual Result<Revision> compacted_revision() = 0;
  // The reserved revision that was last recorded (0: never): up to it, revisions may have been used without an entry.
  [[nodiscard]] virtual Result<Revision> reserved_revision() = 0;
  // Calls `each` with every entry in revision order, until it fails.
  [[nodiscard]] virtual Result<void> replay(const std::function<Result<void>(JournalEntry)>& each) = 0;

  struct Batch {
    // New events in revision order.
    std::span<const EventPtr> events;
    // Entries that nobody can ask for any more, by revision.
    std::span<const Revision> forgotten;
    Revision compacted = 0;  // what makes them so; 0: as it was
    Revision reserved = 0;   // 0: as it was
  };
  // All of the batch or nothing, durable on return. After an error the journal may be used again.
  [[nodiscard]] virtual Result<void> commit(const Batch& batch) = 0;
};

}  // namespace skiff::store
