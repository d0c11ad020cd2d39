#include "store/sqlite/backup.h"

#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <filesystem>

namespace skiff::store {
namespace {

constexpr std::size_t kRecordsPerCommit = 1000;

// Whether something stands there that may be a database.
bool has_content(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return !error && size > 0;
}

Result<void> check_structure(const std::string& path) {
  auto database = Database::open(path);
  if (!database) return database.error();
  database->set_checkpoint_on_close(false);
  auto statement = database->prepare("PRAGMA integrity_check(1)");
  if (!statement) return statement.error();
  if (statement->step() != SQLITE_ROW) return database->last_error("check");
  const std::string found = statement->bytes(0);
  if (found != "ok") return Error{Code::kCorrupt, path + ": " + found, nullptr};
  return {};
}

}  // namespace

Result<void> write_sqlite_backup(const Snapshot& snapshot, const std::string& path) {
  if (has_content(path)) return Error{Code::kUnavailable, path + ": exists already", nullptr};
  const auto journal = open_sqlite_journal(path);
  if (!journal) return journal.error();
  Journal::Batch batch;
  batch.compacted = snapshot.revision + kRevisionsAfterBackup;
  std::size_t written = 0;
  do {
    std::vector<EventPtr> events;
    for (; written < snapshot.records.size() && events.size() < kRecordsPerCommit; ++written) {
      events.push_back(std::make_shared<Event>(Event{Event::Type::kPut, snapshot.records[written], nullptr}));
    }
    batch.events = events;
    if (auto committed = (*journal)->commit(batch); !committed) return committed;
  } while (written < snapshot.records.size());
  return {};
}

Result<CheckedStore> check_sqlite_store(const std::string& path) {
  if (!has_content(path)) return Error{Code::kUnavailable, path + ": there is no database", nullptr};
  if (auto checked = check_structure(path); !checked) return checked.error();
  const auto store = open_sqlite_store(path);
  if (!store) return store.error();
  return CheckedStore{(*store)->revision(), (*store)->compacted_revision(), (*store)->snapshot().records.size()};
}

}  // namespace skiff::store
