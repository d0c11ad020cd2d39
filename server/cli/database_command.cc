#include "api/base/files.h"
#include "api/client/http/http_connection.h"
#include "server/cli/administrator_access.h"
#include "server/cli/commands.h"
#include "server/cli/data_directory.h"
#include "server/handlers/backup.h"
#include "store/sqlite/backup.h"
#include "store/sqlite/sqlite_store.h"

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>

namespace skiff::server {
namespace {

// How long a server may be silent.
constexpr std::chrono::seconds kBackupSilence{30};
constexpr std::size_t kMaxRefusalBytes = 4096;

Error local_error(const store::Error& error) { return Error{ErrorCode::kUnavailable, error.message}; }

Task<Result<store::Snapshot>> ask_for_snapshot(AdministratorAccess access) {
  const auto soon = [] { return std::chrono::steady_clock::now() + kBackupSilence; };
  auto connection = co_await api::HttpConnection::open(access.kubeconfig.server, access.tls, soon());
  if (!connection) co_return Error{ErrorCode::kUnavailable, connection.error().message};
  api::HttpRequest request;
  request.target = kBackupPath;
  request.headers = {{"Authorization", "Bearer " + access.kubeconfig.token}, {"User-Agent", kUserAgent}};
  const auto status = co_await (*connection)->send(std::move(request));
  if (!status) co_return Error{ErrorCode::kUnavailable, status.error().message};
  BackupReader reader;
  std::string refusal;
  for (;;) {
    (*connection)->set_deadline(soon());
    const auto piece = co_await (*connection)->read_some();
    if (!piece) co_return Error{ErrorCode::kUnavailable, piece.error().message};
    if (piece->empty()) break;
    if (*status == 200) {
      reader.put(*piece);
    } else if (refusal.size() < kMaxRefusalBytes) {
      refusal += *piece;
    }
  }
  if (*status != 200) co_return Error{ErrorCode::kUnavailable, "the server refuses: " + refusal};
  auto snapshot = reader.finish();
  if (!snapshot) co_return Error{ErrorCode::kUnavailable, "what the server sent is no whole backup"};
  co_return std::move(*snapshot);
}

// From the server that runs on the data directory.
Result<store::Snapshot> fetch_snapshot(const std::string& data_directory) {
  auto access = find_administrator(data_directory);
  if (!access) return access.error();
  asio::io_context context(1);
  Result<store::Snapshot> snapshot = Error{ErrorCode::kInternal, "the request did not end"};
  asio::co_spawn(context, ask_for_snapshot(std::move(*access)),
                 [&snapshot](const std::exception_ptr& exception, Result<store::Snapshot> result) {
                   if (exception) std::rethrow_exception(exception);
                   snapshot = std::move(result);
                 });
  context.run();
  return snapshot;
}

// From the server when one runs on the data directory, else out of its file.
Result<store::Snapshot> take_snapshot(const std::string& data_directory) {
  if (!path_exists(data_directory)) return Error{ErrorCode::kNotFound, data_directory + ": there is no such directory"};
  const auto directory = DataDirectory::open(data_directory);
  if (!directory && directory.error().code == ErrorCode::kUnavailable) return fetch_snapshot(data_directory);
  if (!directory) return directory.error();
  if (!path_exists(directory->store())) {
    return Error{ErrorCode::kNotFound, directory->store() + ": there is no database"};
  }
  const auto store = store::open_sqlite_store(directory->store());
  if (!store) return local_error(store.error());
  return (*store)->snapshot();
}

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal"}) ::unlink((path + suffix).c_str());
}

// Makes an empty file that only we may read: a backup holds all Secrets.
Result<void> create_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return errno_error("create " + path);
  return {};
}

// Stands under its name at once and for good, also when the power fails.
Result<void> put_in_place(const std::string& part, const std::string& path) {
  if (std::rename(part.c_str(), path.c_str()) != 0) return errno_error("rename " + part);
  const std::string parent = std::filesystem::absolute(path).parent_path().string();
  const UniqueFd directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return errno_error("sync " + parent);
  return {};
}

Result<store::CheckedStore> write_backup(const store::Snapshot& snapshot, const std::string& path) {
  if (auto created = create_file(path); !created) return created.error();
  if (auto written = store::write_sqlite_backup(snapshot, path); !written) return local_error(written.error());
  // A backup that cannot be read is none.
  const auto checked = store::check_sqlite_store(path);
  if (!checked) return local_error(checked.error());
  return *checked;
}

Result<store::CheckedStore> back_up(const DatabaseOptions& options) {
  const auto snapshot = take_snapshot(options.data_directory);
  if (!snapshot) return snapshot.error();
  const std::string part = options.file + ".part";
  remove_database(part);  // of a backup that was killed
  auto written = write_backup(*snapshot, part);
  if (written) {
    if (auto placed = put_in_place(part, options.file); !placed) written = placed.error();
  }
  if (!written) remove_database(part);
  return written;
}

Result<store::CheckedStore> check(const std::string& path) {
  const auto checked = store::check_sqlite_store(path);
  if (checked) return *checked;
  Error error = local_error(checked.error());
  if (error.message.ends_with("database is locked"))
    error.message += " (skiff runs on it; `skiff db backup` checks, too)";
  return error;
}

}  // namespace

int run_database(const DatabaseOptions& options) {
  const bool backs_up = options.verb == DatabaseOptions::Verb::kBackup;
  const std::string path = options.file.empty() ? DataDirectory::peek(options.data_directory).store() : options.file;
  const auto done = backs_up ? back_up(options) : check(path);
  if (!done) return fail(done.error().message);
  std::cout << fmt::format("{}: {} objects, whole\n", path, done->records);
  return 0;
}

}  // namespace skiff::server
