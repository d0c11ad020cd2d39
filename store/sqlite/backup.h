#pragma once

#include "store/store.h"

#include <cstddef>
#include <string>

// What is done to the file of a store from outside: `skiff db`.
namespace skiff::store {

// How far the revisions of a store that comes from a backup begin behind those of the backup: more than the store that
// it replaces can have given out since.
inline constexpr Revision kRevisionsAfterBackup = 1'000'000'000;

// Makes a database at `path`, where none is, that a store can be opened on: what was live, without its history. Since
// the store that was backed up has gone on meanwhile, no revision of either is in the new one's reach: whoever still
// watches is told kCompacted and reads all anew. On the disk when it returns; after an error a part may stand there.
[[nodiscard]] Result<void> write_sqlite_backup(const Snapshot& snapshot, const std::string& path);

struct CheckedStore {
  Revision revision = 0;
  Revision compacted_revision = 0;
  std::size_t records = 0;
};

// Reads everything in the file of a store: SQLite's structure, and each entry with its checksum and its place in the
// order. An older format is brought up to date, as a start does; nothing else is changed. kCorrupt: the first damage
// found; kUnavailable: there is no such file, or a store is open on it.
[[nodiscard]] Result<CheckedStore> check_sqlite_store(const std::string& path);

}  // namespace skiff::store
