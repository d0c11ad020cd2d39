#pragma once

#include "store/store.h"

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace skiff::store {

// A prepared statement of SQLite; bind, step, reset. Columns and parameters count as SQLite counts them (from 0 and
// from 1).
class Statement {
 public:
  explicit Statement(sqlite3_stmt* handle) : handle_(handle, &sqlite3_finalize) {}

  void bind(int parameter, std::int64_t value);
  // The bytes must live until the next reset().
  void bind_text(int parameter, std::string_view text);
  void bind_blob(int parameter, std::string_view bytes);
  // Keeps a copy.
  void bind_blob_copy(int parameter, std::string_view bytes);
  void bind_null(int parameter);
  // SQLITE_ROW, SQLITE_DONE or an error code.
  int step();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string bytes(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> handle_;
};

// A connection to one database file. Not thread-safe.
class Database {
 public:
  [[nodiscard]] static Result<Database> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Result<void> execute(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(const std::string& sql);
  // Whether closing it moves what the log (WAL) holds into the file. It does unless it is told otherwise.
  void set_checkpoint_on_close(bool wanted);
  // What the last failed call was about, as an error of the store.
  [[nodiscard]] Error last_error(std::string_view context) const;

 private:
  explicit Database(sqlite3* handle, std::string path) : handle_(handle, &sqlite3_close), path_(std::move(path)) {}

  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
  std::string path_;
};

}  // namespace skiff::store
