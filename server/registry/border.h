#pragma once

#include "api/base/task.h"
#include "api/status.h"
#include "store/store.h"

#include <chrono>

// The border between registry and store: the one place where store codes become API reasons, and where a coroutine
// waits for a commit.
namespace skiff::server {

// For every code but kConflict, whose meaning the verb knows.
[[nodiscard]] api::Status to_status(const store::Error& error);

// Upstream's "Too large resource version: 9, current: 7", which clients answer by asking again.
[[nodiscard]] api::Status too_large_resource_version(store::Revision asked, store::Revision current);

// A revision from a client's text; kBadRequest when it is not an unsigned number.
[[nodiscard]] api::Result<store::Revision> parse_resource_version(std::string_view text);

// How a write ended.
struct Commit {
  // False: a key was not as the write expected.
  bool written = false;
  // It was the key of one of those that go together with the write (Write::together); `record` is then null.
  bool lost_companion = false;
  // What was written (of a deletion, the last record), or what stands there instead; null when nothing does.
  store::RecordPtr record;
};

// Waits until the write is committed or refused, then resumes on the caller's executor, which runs one thing at a time.
// kTimeout when `deadline` comes first; the write may be committed later.
Task<api::Result<Commit>> commit(store::Store& store, store::Write write,
                                 std::chrono::steady_clock::time_point deadline);

}  // namespace skiff::server
