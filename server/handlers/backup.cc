#include "server/handlers/backup.h"

#include "api/base/json.h"

#include <algorithm>

namespace skiff::server {

namespace {

// How much of a backup is made at a time.
constexpr std::size_t kBackupPieceBytes = 256 * 1024;

Json backup_line(const store::Record& record) {
  Json attributes = Json::array();
  for (const auto& [name, value] : record.attributes) attributes.push_back(Json::array({name, value}));
  return {{"key", record.key},
          {"value", record.value},
          {"attributes", std::move(attributes)},
          {"createRevision", record.create_revision},
          {"modRevision", record.mod_revision},
          {"version", record.version},
          {"revisionOffset", static_cast<std::int64_t>(record.revision_offset)}};
}

// Null when the line is none of ours.
store::RecordPtr parse_backup_line(const Json& line) {
  const Json* pairs = find(line, {"attributes"});
  if (pairs == nullptr || !pairs->is_array()) return nullptr;
  auto record = std::make_shared<store::Record>();
  record->key = string_at(line, {"key"});
  record->value = string_at(line, {"value"});
  record->create_revision = integer_at(line, {"createRevision"});
  record->mod_revision = integer_at(line, {"modRevision"});
  record->version = integer_at(line, {"version"});
  // npos, too, is -1.
  record->revision_offset = static_cast<std::size_t>(integer_at(line, {"revisionOffset"}, -1));
  std::vector<store::Attribute> attributes;
  for (const Json& pair : *pairs) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) return nullptr;
    attributes.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  record->attributes = store::Attributes(attributes);
  return record->key.empty() ? nullptr : record;
}

class BackupBody final : public BodyStream {
 public:
  explicit BackupBody(store::Snapshot snapshot) : snapshot_(std::move(snapshot)) {}

  Task<std::vector<Slice>> next() override {
    std::string text;
    if (!std::exchange(begun_, true)) {
      text = to_json_text(Json{{"records", snapshot_.records.size()}, {"revision", snapshot_.revision}}) + "\n";
    }
    for (; sent_ < snapshot_.records.size() && text.size() < kBackupPieceBytes; ++sent_) {
      text += to_json_text(backup_line(*snapshot_.records[sent_]));
      text += '\n';
    }
    std::vector<Slice> pieces;
    if (!text.empty()) pieces.push_back(Slice::of(std::move(text)));
    co_return pieces;
  }

  void cancel() override { sent_ = snapshot_.records.size(); }

 private:
  const store::Snapshot snapshot_;
  bool begun_ = false;
  std::size_t sent_ = 0;
};

}  // namespace

std::unique_ptr<BodyStream> make_backup_body(store::Snapshot snapshot) {
  return std::make_unique<BackupBody>(std::move(snapshot));
}

void BackupReader::put(std::string_view bytes) {
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    line_ += bytes.substr(0, end);
    read_line(line_);
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
  line_ += bytes;
}

void BackupReader::read_line(std::string_view line) {
  const auto parsed = parse_json(line);
  if (!parsed) {
    failed_ = true;
  } else if (!expected_) {
    expected_ = static_cast<std::size_t>(integer_at(parsed->value, {"records"}, -1));
    snapshot_.revision = integer_at(parsed->value, {"revision"});
  } else if (store::RecordPtr record = parse_backup_line(parsed->value)) {
    snapshot_.records.push_back(std::move(record));
  } else {
    failed_ = true;
  }
}

std::optional<store::Snapshot> BackupReader::finish() {
  const bool is_whole = !failed_ && line_.empty() && expected_ == snapshot_.records.size() && snapshot_.revision > 0;
  if (!is_whole) return std::nullopt;
  return std::move(snapshot_);
}

}  // namespace skiff::server
