#include "store/sqlite/log_row.h"

#include <spdlog/fmt/fmt.h>
#include <zlib.h>

namespace skiff::store {
namespace {

bool take_text(std::string_view& bytes, std::string& text) {
  if (bytes.size() < 4) return false;
  std::uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = (size << 8) | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  bytes.remove_prefix(4);
  if (bytes.size() < size) return false;
  text.assign(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return true;
}

bool decode_attributes(std::string_view bytes, Attributes& attributes) {
  while (!bytes.empty()) {
    std::pair<std::string, std::string> attribute;
    if (!take_text(bytes, attribute.first) || !take_text(bytes, attribute.second)) return false;
    attributes.push_back(std::move(attribute));
  }
  return true;
}

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

std::string encode_attributes(const Attributes& attributes) {
  std::string bytes;
  const auto put = [&bytes](const std::string& text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((size >> shift) & 0xff);
    bytes += text;
  };
  for (const auto& [name, value] : attributes) {
    put(name);
    put(value);
  }
  return bytes;
}

void bind_row(Statement& statement, const Event& event, std::string_view attributes) {
  const Record& record = *event.record;
  const bool deletion = event.type == Event::Type::kDelete;
  if (deletion) attributes = {};
  statement.bind(1, record.mod_revision);
  statement.bind_text(2, record.key);
  if (!deletion) {
    statement.bind_blob(3, record.value);
    statement.bind_blob(4, attributes);
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
  if (!is_whole || !decode_attributes(attributes, record.attributes)) {
    return Error{Code::kCorrupt, fmt::format("the log is damaged at revision {}", record.mod_revision), nullptr};
  }
  return entry;
}

}  // namespace skiff::store
