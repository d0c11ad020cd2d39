#include "nodeagent/images/work_directory.h"

#include "api/base/files.h"
#include "api/base/ids.h"

#include <filesystem>
#include <utility>

namespace skiff::nodeagent {

Result<WorkDirectory> WorkDirectory::make(const std::string& store, std::stop_token stop) {
  std::string path = store + "/work/" + random_hex(8);
  if (auto made = make_directories(path); !made) return made.error();
  auto lock = lock_file(path + "/lock", true);
  if (!lock) return lock.error();
  return WorkDirectory(std::move(path), std::move(*lock), std::move(stop));
}

void WorkDirectory::sweep_dead(const std::string& store) {
  std::error_code ignored;
  for (const std::string& name : list_directory(store + "/work")) {
    const std::string path = store + "/work/" + name;
    const auto lock = lock_file(path + "/lock", false);
    if (lock && *lock) std::filesystem::remove_all(path, ignored);
  }
}

WorkDirectory::WorkDirectory(WorkDirectory&& other) noexcept
    : path_(std::exchange(other.path_, "")), lock_(std::move(other.lock_)), stop_(std::move(other.stop_)) {}

WorkDirectory::~WorkDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<std::string> WorkDirectory::subdirectory(const std::string& name) const {
  std::string made_path = path(name);
  if (auto made = make_directories(made_path); !made) return made.error();
  return made_path;
}

}  // namespace skiff::nodeagent
