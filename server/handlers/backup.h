#pragma once

#include "server/http/http.h"
#include "store/store.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

// A backup on its way from a server to `skiff db backup`: lines of JSON, the first of which says what follows
// ({"records":2,"revision":7}), one record each behind it.
namespace skiff::server {

inline constexpr std::string_view kBackupPath = "/debug/backup";

[[nodiscard]] std::unique_ptr<BodyStream> make_backup_body(store::Snapshot snapshot);

// Puts what came of a backup's body together again.
class BackupReader {
 public:
  void put(std::string_view bytes);
  // Nothing when it is not a whole backup.
  [[nodiscard]] std::optional<store::Snapshot> finish();

 private:
  void read_line(std::string_view line);

  std::string line_;  // as far as it has come
  std::optional<std::size_t> expected_;
  store::Snapshot snapshot_;
  bool failed_ = false;
};

}  // namespace skiff::server
