#include "test/store/memory_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace skiff::store::test {

namespace {

// What a disk keeps or loses as a whole.
constexpr std::size_t kSectorBytes = 512;

}  // namespace

// SQLite's idea of an open file; lives in memory that SQLite gives and takes.
struct MemoryFile {
  sqlite3_file base;
  MemoryDisk* disk;
  std::shared_ptr<MemoryDisk::Content>* content;

  static MemoryFile& of(sqlite3_file* file) { return *reinterpret_cast<MemoryFile*>(file); }

  static int close(sqlite3_file* file) {
    delete of(file).content;
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* to, int count, sqlite3_int64 from) {
    const std::lock_guard lock(of(file).disk->mutex_);
    if (of(file).disk->without_power_) return SQLITE_IOERR_READ;
    const std::string& bytes = (*of(file).content)->bytes;
    const auto wanted = static_cast<std::size_t>(count);
    const std::size_t offset = std::min(static_cast<std::size_t>(from), bytes.size());
    const std::size_t got = bytes.copy(static_cast<char*>(to), wanted, offset);
    std::memset(static_cast<char*>(to) + got, 0, wanted - got);
    return got == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 to) {
    MemoryDisk& disk = *of(file).disk;
    const std::lock_guard lock(disk.mutex_);
    if (const int refused = disk.begin(MemoryDisk::Operation::kChange); refused != SQLITE_OK) return refused;
    const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(count));
    disk.write(**of(file).content, static_cast<std::size_t>(to), bytes);
    return SQLITE_OK;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    MemoryDisk& disk = *of(file).disk;
    const std::lock_guard lock(disk.mutex_);
    if (const int refused = disk.begin(MemoryDisk::Operation::kChange); refused != SQLITE_OK) return refused;
    disk.truncate(**of(file).content, static_cast<std::size_t>(size));
    return SQLITE_OK;
  }
  static int sync(sqlite3_file* file, int) {
    MemoryDisk& disk = *of(file).disk;
    const std::lock_guard lock(disk.mutex_);
    if (disk.begin(MemoryDisk::Operation::kSync) != SQLITE_OK) return SQLITE_IOERR_FSYNC;
    MemoryDisk::Content& content = **of(file).content;
    content.synced = content.bytes;
    content.unsynced.clear();
    return SQLITE_OK;
  }
  static int size(sqlite3_file* file, sqlite3_int64* size) {
    const std::lock_guard lock(of(file).disk->mutex_);
    *size = static_cast<sqlite3_int64>((*of(file).content)->bytes.size());
    return SQLITE_OK;
  }
  // One database at a time, and one connection to it: nobody to lock out.
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int check_reserved_lock(sqlite3_file*, int* reserved) {
    *reserved = 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return kSectorBytes; }
  static int characteristics(sqlite3_file*) { return 0; }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods kMethods = [] {
      sqlite3_io_methods all{};
      all.iVersion = 1;
      all.xClose = close;
      all.xRead = read;
      all.xWrite = write;
      all.xTruncate = truncate;
      all.xSync = sync;
      all.xFileSize = size;
      all.xLock = lock;
      all.xUnlock = lock;
      all.xCheckReservedLock = check_reserved_lock;
      all.xFileControl = control;
      all.xSectorSize = sector_size;
      all.xDeviceCharacteristics = characteristics;
      return all;
    }();
    return &kMethods;
  }
};

struct MemoryVfs {
  static MemoryDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<MemoryDisk*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    MemoryDisk& disk = disk_of(vfs);
    file->pMethods = nullptr;
    const std::string path = name != nullptr ? name : "";  // none: SQLite's scratch paper
    const std::lock_guard lock(disk.mutex_);
    if (disk.without_power_) return SQLITE_IOERR;
    if (disk.files_.find(path) == disk.files_.end()) {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      if (disk.begin(MemoryDisk::Operation::kChange) != SQLITE_OK) return SQLITE_CANTOPEN;
    }
    std::shared_ptr<MemoryDisk::Content>& content = disk.files_[path];
    if (!content) content = std::make_shared<MemoryDisk::Content>();
    MemoryFile& opened = MemoryFile::of(file);
    opened.disk = &disk;
    opened.content = new std::shared_ptr<MemoryDisk::Content>(content);
    file->pMethods = MemoryFile::methods();
    if (flags_out != nullptr) *flags_out = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int) {
    MemoryDisk& disk = disk_of(vfs);
    const std::lock_guard lock(disk.mutex_);
    if (disk.begin(MemoryDisk::Operation::kChange) != SQLITE_OK) return SQLITE_IOERR_DELETE;
    return disk.files_.erase(name) > 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
  }
  static int access(sqlite3_vfs* vfs, const char* name, int, int* result) {
    MemoryDisk& disk = disk_of(vfs);
    const std::lock_guard lock(disk.mutex_);
    const auto found = disk.files_.find(name);
    *result = found != disk.files_.end() && !found->second->bytes.empty();
    return SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* name, int size, char* full) {
    sqlite3_snprintf(size, full, "%s", name);
    return SQLITE_OK;
  }
};

MemoryDisk::MemoryDisk() : vfs_(std::make_unique<sqlite3_vfs>()), underlying_(sqlite3_vfs_find(nullptr)) {
  // What is no file (time, randomness) stays the operating system's.
  *vfs_ = *underlying_;
  vfs_->pNext = nullptr;
  vfs_->zName = "memory-disk";
  vfs_->pAppData = this;
  vfs_->szOsFile = sizeof(MemoryFile);
  vfs_->xOpen = MemoryVfs::open;
  vfs_->xDelete = MemoryVfs::remove;
  vfs_->xAccess = MemoryVfs::access;
  vfs_->xFullPathname = MemoryVfs::full_path;
  sqlite3_vfs_register(vfs_.get(), 1);
}

MemoryDisk::~MemoryDisk() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(underlying_, 1);
}

void MemoryDisk::refuse(Refusal refusal, std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  refusal_ = refusal;
  refuses_from_ = operations_ + operations;
}

void MemoryDisk::cut_power_after(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  power_ends_at_ = operations_ + operations;
}

bool MemoryDisk::is_without_power() const {
  const std::lock_guard lock(mutex_);
  return without_power_;
}

void MemoryDisk::restore_power(std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, content] : files_) {
    std::shuffle(content->unsynced.begin(), content->unsynced.end(), random);
    const std::size_t kept = random() % (content->unsynced.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) apply(content->unsynced[i], content->synced);
    content->bytes = content->synced;
    content->unsynced.clear();
  }
  without_power_ = false;
  power_ends_at_.reset();
}

std::string MemoryDisk::bytes_of(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? "" : found->second->bytes;
}

void MemoryDisk::damage(const std::string& path, std::size_t offset) {
  const std::lock_guard lock(mutex_);
  Content& content = *files_.at(path);
  content.bytes.at(offset) = static_cast<char>(content.bytes[offset] ^ 0x55);
  content.synced = content.bytes;
}

int MemoryDisk::begin(Operation operation) {
  if (without_power_) return SQLITE_IOERR;
  ++operations_;
  if (power_ends_at_ && operations_ > *power_ends_at_) {
    without_power_ = true;
    return SQLITE_IOERR;
  }
  if (operations_ <= refuses_from_) return SQLITE_OK;
  const bool syncs = operation == Operation::kSync;
  switch (refusal_) {
    case Refusal::kNone:
      return SQLITE_OK;
    case Refusal::kFull:
      return syncs ? SQLITE_OK : SQLITE_FULL;
    case Refusal::kReadOnly:
      return syncs ? SQLITE_OK : SQLITE_READONLY;
    case Refusal::kBroken:
      return SQLITE_IOERR_WRITE;
    case Refusal::kUnsyncable:
      return syncs ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  }
  return SQLITE_OK;
}

void MemoryDisk::write(Content& content, std::size_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kSectorBytes - offset % kSectorBytes);
    content.unsynced.push_back({offset, std::string(bytes.substr(0, count)), false});
    apply(content.unsynced.back(), content.bytes);
    offset += count;
    bytes.remove_prefix(count);
  }
}

void MemoryDisk::truncate(Content& content, std::size_t size) {
  content.unsynced.push_back({size, "", true});
  apply(content.unsynced.back(), content.bytes);
}

void MemoryDisk::apply(const Change& change, std::string& bytes) {
  if (change.truncates) {
    bytes.resize(std::min(bytes.size(), change.offset));
    return;
  }
  if (bytes.size() < change.offset + change.bytes.size()) bytes.resize(change.offset + change.bytes.size());
  bytes.replace(change.offset, change.bytes.size(), change.bytes);
}

}  // namespace skiff::store::test
