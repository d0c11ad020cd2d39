#include "nodeagent/static_pods/manifest_files.h"

#include "api/base/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace skiff::nodeagent {

namespace {

Result<std::string> read_manifest(const std::string& path, const struct stat& info) {
  // A pipe would keep us waiting.
  if (!S_ISREG(info.st_mode)) return Error{ErrorCode::kInvalid, "not a regular file"};
  if (static_cast<std::size_t>(info.st_size) > kMaxManifest) return Error{ErrorCode::kInvalid, "longer than 10 MiB"};
  return read_file(path);
}

std::optional<ManifestFile> read_entry(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    // It went while we were looking.
    if (errno == ENOENT && !path_exists(path)) return std::nullopt;
    return ManifestFile{path, errno_error("stat")};
  }
  if (S_ISDIR(info.st_mode)) return std::nullopt;
  return ManifestFile{path, read_manifest(path, info)};
}

}  // namespace

Result<std::vector<ManifestFile>> read_manifest_files(const std::string& path) {
  std::vector<ManifestFile> files;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return files;
    return errno_error(path);
  }
  if (!S_ISDIR(info.st_mode)) {
    files.push_back(ManifestFile{path, read_manifest(path, info)});
    return files;
  }
  if (::access(path.c_str(), R_OK | X_OK) != 0) return errno_error(path);
  for (const std::string& name : list_directory(path)) {
    if (name.starts_with('.')) continue;
    if (auto file = read_entry(path + "/" + name)) files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace skiff::nodeagent
