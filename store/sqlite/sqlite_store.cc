#include "store/sqlite/sqlite_store.h"

#include "store/sqlite/database.h"
#include "store/sqlite/log_row.h"

#include <spdlog/fmt/fmt.h>

namespace skiff::store {
namespace {

constexpr std::int64_t kApplicationId =
    0x736b6966;  // "skif": in the file's header, so that no other database is taken for ours
// 2: rows have checksums.
constexpr std::int64_t kFormat = 2;

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(Database database, Statement insert, Statement forget, Statement set_meta)
      : database_(std::move(database)),
        insert_(std::move(insert)),
        forget_(std::move(forget)),
        set_meta_(std::move(set_meta)) {}

  Result<Revision> compacted_revision() override { return read_meta("compacted"); }
  Result<Revision> reserved_revision() override { return read_meta("reserved"); }

  Result<void> replay(const std::function<Result<void>(JournalEntry)>& each) override {
    auto replayed = read_log(each);
    // What is damaged stays as it was found.
    database_.set_checkpoint_on_close(replayed.has_value());
    return replayed;
  }

  Result<void> commit(const Batch& batch) override {
    auto committed = commit_transaction(batch);
    // Fails when SQLite rolled back by itself (disk full); either way the transaction is over.
    if (!committed) (void)database_.execute("ROLLBACK");
    return committed;
  }

 private:
  Result<void> read_log(const std::function<Result<void>(JournalEntry)>& each) {
    auto statement = database_.prepare(fmt::format("SELECT {} FROM log ORDER BY revision", kLogColumns));
    if (!statement) return statement.error();
    int code = SQLITE_DONE;
    while ((code = statement->step()) == SQLITE_ROW) {
      auto entry = read_row(*statement);
      auto taken = entry ? each(std::move(*entry)) : Result<void>(entry.error());
      if (!taken) return Error{taken.error().code, database_.path() + ": " + taken.error().message, nullptr};
    }
    if (code != SQLITE_DONE) return database_.last_error("read the log");
    return {};
  }

  Result<void> commit_transaction(const Batch& batch) {
    if (auto begun = database_.execute("BEGIN IMMEDIATE"); !begun) return begun;
    for (const EventPtr& event : batch.events) {
      if (auto inserted = insert(*event); !inserted) return inserted;
    }
    for (const Revision revision : batch.forgotten) {
      forget_.bind(1, revision);
      if (auto forgotten = run(forget_, "forget"); !forgotten) return forgotten;
    }
    if (batch.compacted != 0) {
      if (auto set = write_meta("compacted", batch.compacted); !set) return set;
    }
    if (batch.reserved != 0) {
      if (auto set = write_meta("reserved", batch.reserved); !set) return set;
    }
    return database_.execute("COMMIT");
  }

  // 0 when it was never written.
  Result<Revision> read_meta(const std::string& name) {
    auto statement = database_.prepare("SELECT value FROM meta WHERE name = '" + name + "'");
    if (!statement) return statement.error();
    const int code = statement->step();
    if (code == SQLITE_ROW) return statement->integer(0);
    if (code == SQLITE_DONE) return Revision{0};
    return database_.last_error("read the " + name + " revision");
  }

  Result<void> write_meta(const std::string& name, Revision revision) {
    set_meta_.bind_text(1, name);
    set_meta_.bind(2, revision);
    return run(set_meta_, "write the " + name + " revision");
  }

  Result<void> insert(const Event& event) {
    bind_row(insert_, event);
    return run(insert_, "append");
  }

  Result<void> run(Statement& statement, std::string_view what) {
    const int code = statement.step();
    auto result = code == SQLITE_DONE ? Result<void>() : Result<void>(database_.last_error(what));
    statement.reset();
    return result;
  }

  Database database_;
  Statement insert_;
  Statement forget_;
  Statement set_meta_;
};

Result<std::int64_t> read_pragma(Database& database, const std::string& name) {
  auto statement = database.prepare("PRAGMA " + name);
  if (!statement) return statement.error();
  if (statement->step() != SQLITE_ROW) return database.last_error("read " + name);
  return statement->integer(0);
}

Error not_ours(const Database& database, const std::string& why) {
  return {Code::kCorrupt, database.path() + ": " + why, nullptr};
}

// The format of what stands in the file, 0 when it is empty; refuses what is not ours.
Result<std::int64_t> format_of(Database& database) {
  const auto application = read_pragma(database, "application_id");
  if (!application) return application.error();
  const auto format = read_pragma(database, "user_version");
  if (!format) return format.error();
  const auto tables = read_pragma(database, "schema_version");
  if (!tables) return tables.error();
  if (*tables == 0) return 0;
  if (*application != kApplicationId) return not_ours(database, "is the database of another program");
  if (*format < 1 || *format > kFormat) {
    return not_ours(database, fmt::format("has format {}, this skiff reads format {}", *format, kFormat));
  }
  return *format;
}

Result<void> bring_up_to_date(Database& database, std::int64_t format) {
  if (format == 0) {
    return database.execute(
        fmt::format("BEGIN; PRAGMA application_id = {}; PRAGMA user_version = {};"
                    "CREATE TABLE log(revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, attributes BLOB,"
                    " create_revision INTEGER NOT NULL, version INTEGER NOT NULL, revision_offset INTEGER,"
                    " checksum INTEGER);"
                    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID; COMMIT;",
                    kApplicationId, kFormat));
  }
  if (format == 1) {
    return database.execute(
        fmt::format("BEGIN; ALTER TABLE log ADD COLUMN checksum INTEGER; PRAGMA user_version = {}; COMMIT;", kFormat));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path) {
  auto database = Database::open(path);
  if (!database) return database.error();
  database->set_checkpoint_on_close(false);  // until it is known to be ours
  // Exclusive locking also spares the shared-memory file, through which a failing disk could kill the process; the lock
  // is taken by the first read.
  if (auto locked = database->execute("PRAGMA locking_mode = EXCLUSIVE"); !locked) return locked.error();
  const auto format = format_of(*database);
  if (!format) return format.error();
  for (const char* setting :
       {"PRAGMA synchronous = FULL", "PRAGMA journal_mode = WAL", "PRAGMA journal_size_limit = 4194304"}) {
    if (auto set = database->execute(setting); !set) return set.error();
  }
  if (auto prepared = bring_up_to_date(*database, *format); !prepared) return prepared.error();
  database->set_checkpoint_on_close(true);
  auto insert = database->prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return insert.error();
  auto forget = database->prepare("DELETE FROM log WHERE revision = ?");
  if (!forget) return forget.error();
  auto set_meta = database->prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
  if (!set_meta) return set_meta.error();
  return std::unique_ptr<Journal>(std::make_unique<SqliteJournal>(std::move(*database), std::move(*insert),
                                                                  std::move(*forget), std::move(*set_meta)));
}

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, EngineOptions options) {
  auto journal = open_sqlite_journal(path);
  if (!journal) return journal.error();
  return Engine::open(std::move(*journal), options);
}

}  // namespace skiff::store
