#pragma once

#include "api/base/task.h"
#include "api/status.h"
#include "store/store.h"

// The border between registry and store: the one place where store codes become API reasons, and where a coroutine
// waits for a commit.
namespace skiff::server {

// For every code but kConflict, whose meaning the verb knows.
[[nodiscard]] api::Status to_status(const store::Error& error);

// Upstream's "Too large resource version: 9, current: 7", which clients answer by asking again.
[[nodiscard]] api::Status too_large_resource_version(store::Revision asked, store::Revision current);

// A revision from a client's text; kBadRequest when it is not an unsigned number.
[[nodiscard]] api::Result<store::Revision> parse_resource_version(std::string_view text);

// Waits until the write is committed or refused, then resumes on the caller's executor.
Task<store::Result<store::RecordPtr>> commit(store::Store& store, store::Write write);

}  // namespace skiff::server
