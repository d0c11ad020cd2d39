#include "store/sqlite/log_row.h"

#include <spdlog/fmt/fmt.h>
#include <zlib.h>

#include <utility>

namespace skiff::store {
namespace {

// The CRC-32 of a row: its numbers as decimal text and the sizes of its texts, then the texts. SQLite notices damage to
// its own structure, but not to what the rows hold.
std::int64_t checksum_of(const Record& record, bool deletion, std::string_view attributes) {
  const std::string_view value = deletion ? std::string_view() : std::string_view(record.value);
  const auto offset = static_cast<std::int64_t>(record.revision_offset);
  const std::string numbers =
      fmt::format("{} {} {} {} {} {} {} {}", record.mod_revision, record.create_revision, record.version, offset,
                  deletion, record.key.size(), value.size(), attributes.size());
  uLong sum = crc32(0, nullptr, 0);
  for (const std::string_view part : {std::string_view(numbers), std::string_view(record.key), value, attributes}) {
    sum = crc32_z(sum, reinterpret_cast<const Bytef*>(part.data()), part.size());
  }
  return static_cast<std::int64_t>(sum);
}

}  // namespace

void bind_row(Statement& statement, const Event& event) {
  const Record& record = *event.record;
  const bool deletion = event.type == Event::Type::kDelete;
  const std::string attributes = deletion ? std::string() : record.attributes.bytes();
  statement.bind(1, record.mod_revision);
  statement.bind_text(2, record.key);
  if (!deletion) {
    statement.bind_blob(3, record.value);
    statement.bind_blob_copy(4, attributes);
  }
  statement.bind(5, record.create_revision);
  statement.bind(6, record.version);
  if (record.revision_offset != std::string::npos) {
    statement.bind(7, static_cast<std::int64_t>(record.revision_offset));
  }
  statement.bind(8, checksum_of(record, deletion, attributes));
}

Result<JournalEntry> read_row(const Statement& statement) {
  JournalEntry entry;
  entry.deletion = statement.is_null(2);
  Record& record = entry.record;
  record.mod_revision = statement.integer(0);
  record.key = statement.bytes(1);
  record.value = statement.bytes(2);
  const std::string attributes = statement.bytes(3);
  record.create_revision = statement.integer(4);
  record.version = statement.integer(5);
  if (!statement.is_null(6)) record.revision_offset = static_cast<std::size_t>(statement.integer(6));
  const bool is_whole = statement.is_null(7) || statement.integer(7) == checksum_of(record, entry.deletion, attributes);
  auto read = Attributes::from_bytes(attributes);
  if (!is_whole || !read) {
    return Error{Code::kCorrupt, fmt::format("the log is damaged at revision {}", record.mod_revision), nullptr};
  }
  record.attributes = std::move(*read);
  return entry;
}

}  // namespace skiff::store
