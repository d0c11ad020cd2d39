#pragma once

#include "store/engine.h"
#include "store/journal.h"

#include <memory>
#include <string>

namespace skiff::store {

// The log in a SQLite database (WAL). One table, written by appending only:
//
//   log(revision INTEGER PRIMARY KEY, key TEXT, value BLOB, attributes BLOB, create_revision, version, revision_offset,
//       checksum)
//     one row per write; a deletion has a NULL value. Rows that compaction names are deleted, their pages used again.
//     The checksum (log_row.cc) is NULL in rows from before there was one.
//   meta(name TEXT PRIMARY KEY, value INTEGER)   'compacted', 'reserved'
//
// There is no index beside the row id: the live state is in memory, so a write costs one append and one fsync per
// commit, shared by all writes that waited. synchronous=FULL: what commit() returned for survives a power cut. The
// database is locked exclusively while it is open.
//
// kCorrupt: the file is not a database, is damaged, or was made by something else or by a newer skiff. kUnavailable,
// kNoSpace: it cannot be opened or written, or another process holds it.
[[nodiscard]] Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path);

// A durable store on that journal. Creates the file when it does not exist (not its directory).
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, EngineOptions options = {});

}  // namespace skiff::store
