#pragma once

#include "store/journal.h"
#include "store/sqlite/database.h"

#include <string_view>

namespace skiff::store {

// The columns of a row of the log, in the order in which bind_row() binds them (from parameter 1) and read_row() reads
// them (from column 0).
inline constexpr std::string_view kLogColumns =
    "revision, key, value, attributes, create_revision, version, revision_offset, checksum";

// The event lives until `statement` is reset.
void bind_row(Statement& statement, const Event& event);

// kCorrupt when the row is not as it was written. Rows without a checksum, from before there was one, are believed.
[[nodiscard]] Result<JournalEntry> read_row(const Statement& statement);

}  // namespace skiff::store
