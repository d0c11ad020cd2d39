#include "store/sqlite/sqlite_store.h"

#include "store/sqlite/database.h"

#include <spdlog/fmt/fmt.h>

#include <cstring>

namespace skiff::store {
namespace {

constexpr std::int64_t kApplicationId =
    0x736b6966;  // "skif": in the file's header, so that no other database is taken for ours
constexpr std::int64_t kSchemaVersion = 1;

// Attributes as one blob: for each name and value a 32-bit length, little-endian, and the bytes.
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
    auto statement = database_.prepare(
        "SELECT revision, key, value, attributes, create_revision, version, revision_offset FROM log ORDER BY "
        "revision");
    if (!statement) return statement.error();
    int code = SQLITE_DONE;
    while ((code = statement->step()) == SQLITE_ROW) {
      JournalEntry entry;
      entry.deletion = statement->is_null(2);
      Record& record = entry.record;
      record.mod_revision = statement->integer(0);
      record.key = statement->bytes(1);
      record.value = statement->bytes(2);
      record.create_revision = statement->integer(4);
      record.version = statement->integer(5);
      if (!statement->is_null(6)) record.revision_offset = static_cast<std::size_t>(statement->integer(6));
      if (!decode_attributes(statement->bytes(3), record.attributes)) {
        return Error{Code::kCorrupt, fmt::format("the log is damaged at revision {}", record.mod_revision), nullptr};
      }
      if (auto taken = each(std::move(entry)); !taken) return taken;
    }
    if (code != SQLITE_DONE) return database_.last_error("read the log");
    return {};
  }

  Result<void> commit(const Batch& batch) override {
    auto committed = commit_transaction(batch);
    // Fails when SQLite rolled back by itself (disk full); either way the transaction is over.
    if (!committed) (void)database_.execute("ROLLBACK");
    return committed;
  }

 private:
  Result<void> commit_transaction(const Batch& batch) {
    if (auto begun = database_.execute("BEGIN IMMEDIATE"); !begun) return begun;
    for (const EventPtr& event : batch.events) {
      if (auto inserted = insert(*event); !inserted) return inserted;
    }
    if (!batch.forgotten.empty()) {
      for (const Revision revision : batch.forgotten) {
        forget_.bind(1, revision);
        if (auto forgotten = run(forget_, "forget"); !forgotten) return forgotten;
      }
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
    const Record& record = *event.record;
    const std::string attributes = encode_attributes(record.attributes);
    insert_.bind(1, record.mod_revision);
    insert_.bind_text(2, record.key);
    if (event.type == Event::Type::kPut) {
      insert_.bind_blob(3, record.value);
      insert_.bind_blob(4, attributes);
    }
    insert_.bind(5, record.create_revision);
    insert_.bind(6, record.version);
    if (record.revision_offset != std::string::npos) {
      insert_.bind(7, static_cast<std::int64_t>(record.revision_offset));
    }
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

// Makes an empty file ours, and refuses what is not. True when it was empty.
Result<bool> prepare_schema(Database& database, const std::string& path) {
  const auto application = read_pragma(database, "application_id");
  if (!application) return application.error();
  const auto version = read_pragma(database, "user_version");
  if (!version) return version.error();
  const auto tables = read_pragma(database, "schema_version");
  if (!tables) return tables.error();
  if (*tables == 0) {
    const auto made = database.execute(
        fmt::format("BEGIN; PRAGMA application_id = {}; PRAGMA user_version = {};"
                    "CREATE TABLE log(revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, attributes BLOB,"
                    " create_revision INTEGER NOT NULL, version INTEGER NOT NULL, revision_offset INTEGER);"
                    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID; COMMIT;",
                    kApplicationId, kSchemaVersion));
    if (!made) return made.error();
    return true;
  }
  if (*application != kApplicationId) {
    return Error{Code::kCorrupt, path + ": is the database of another program", nullptr};
  }
  if (*version != kSchemaVersion) {
    return Error{Code::kCorrupt,
                 fmt::format("{}: has format {}, this skiff reads format {}", path, *version, kSchemaVersion), nullptr};
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path) {
  auto database = Database::open(path);
  if (!database) return database.error();
  // Exclusive locking also spares the shared-memory file; the lock is taken by the first read. A new database is made
  // without waiting for the disk at each step, and then brought there at once, before anything is acknowledged.
  for (const char* setting : {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA synchronous = OFF",
                              "PRAGMA journal_mode = WAL", "PRAGMA journal_size_limit = 4194304"}) {
    if (auto set = database->execute(setting); !set) return set.error();
  }
  const auto created = prepare_schema(*database, path);
  if (!created) return created.error();
  if (auto set = database->execute("PRAGMA synchronous = FULL"); !set) return set.error();
  if (*created) {
    if (auto synced = database->execute("PRAGMA wal_checkpoint(TRUNCATE)"); !synced) return synced.error();
  }
  auto insert = database->prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)");
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
