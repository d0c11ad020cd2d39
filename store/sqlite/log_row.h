#pragma once

#include "store/journal.h"
#include "store/sqlite/database.h"

#include <string_view>

namespace skiff::store {

// The columns of a row of the log, in the order in which bind_row() binds them (from parameter 1) and read_row() reads
// them (from column 0).
inline constexpr std::string_view kLogColumns =
    "revision, key, value, attributes, create_revision, version, revision_offset, checksum";

// The texts live until `statement` is reset; `attributes` are those of the event, by encode_attributes().
void bind_row(Statement& statement, const Event& event, std::string_view attributes);

// kCorrupt when the row is not as it was written. Rows without a checksum, from before there was one, are believed.
[[nodiscard]] Result<JournalEntry> read_row(const Statement& statement);

// As one blob: for each name and value a 32-bit length, little-endian, and the bytes.
[[nodiscard]] std::string encode_attributes(const Attributes& attributes);

}  // namespace skiff::store
