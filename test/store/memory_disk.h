#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3_vfs;

namespace skiff::store::test {

// A disk in memory below SQLite, for stores that are opened while it exists, that can be made to refuse and whose power
// can be cut. What was written and not synced is kept apart; of that, a cut keeps some sectors in some order and loses
// the rest. One database at a time. Thread-safe.
class MemoryDisk {
 public:
  // SQLite's default file system until it is destroyed; no store may be open on it then.
  MemoryDisk();
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  // After so many further writes, truncations and syncs, those fail; reading goes on. kFull and kReadOnly still sync
  // what was written; kUnsyncable writes, but nothing of it for certain.
  enum class Refusal { kNone, kFull, kReadOnly, kBroken, kUnsyncable };
  void refuse(Refusal refusal, std::uint64_t operations = 0);
  // After so many further writes, truncations and syncs the power fails: everything does until restore_power().
  void cut_power_after(std::uint64_t operations);
  [[nodiscard]] bool is_without_power() const;
  // What was not synced is lost or kept, as `random` has it. To be called when no store is open any more.
  void restore_power(std::mt19937_64& random);

  [[nodiscard]] std::string bytes_of(const std::string& path) const;
  // Changes the byte at `offset`, also on a disk that refuses.
  void damage(const std::string& path, std::size_t offset);

 private:
  friend struct MemoryFile;
  friend struct MemoryVfs;

  // A piece of a write, or where the file was cut off.
  struct Change {
    std::size_t offset = 0;
    std::string bytes;
    bool truncates = false;
  };
  struct Content {
    std::string bytes;
    std::string synced;
    std::vector<Change> unsynced;
  };

  // With the mutex held: an error code of SQLite's, or SQLITE_OK when the operation may go on.
  enum class Operation { kChange, kSync };
  int begin(Operation operation);
  void write(Content& content, std::size_t offset, std::string_view bytes);
  void truncate(Content& content, std::size_t size);
  static void apply(const Change& change, std::string& bytes);

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Content>> files_;
  Refusal refusal_ = Refusal::kNone;
  std::uint64_t refuses_from_ = 0;
  bool without_power_ = false;
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> power_ends_at_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  sqlite3_vfs* underlying_ = nullptr;
};

}  // namespace skiff::store::test
