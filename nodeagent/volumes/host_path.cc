// hostPath: a file or directory of the node, checked or made as its type says.
#include "api/base/fd.h"
#include "api/base/files.h"
#include "nodeagent/volumes/volume.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace skiff::nodeagent {

namespace {

struct TypeCheck {
  std::string_view type;
  mode_t format;
  const char* what;
};
constexpr TypeCheck kChecks[] = {
    {"Directory", S_IFDIR, "a directory"},
    {"DirectoryOrCreate", S_IFDIR, "a directory"},
    {"File", S_IFREG, "a file"},
    {"FileOrCreate", S_IFREG, "a file"},
    {"Socket", S_IFSOCK, "a socket file"},
    {"CharDevice", S_IFCHR, "a character device"},
    {"BlockDevice", S_IFBLK, "a block device"},
};

Result<void> make_missing(const std::string& path, const std::string& type) {
  if (path_exists(path)) return {};
  if (type.empty() || type == "DirectoryOrCreate") return make_directories(path);
  if (type != "FileOrCreate") return {};
  const UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  if (!file) return errno_error("create " + path);
  return {};
}

}  // namespace

Result<void> set_up_host_path(const Json& source, const VolumeContext&) {
  const std::string path = string_at(source, {"path"});
  const std::string type = string_at(source, {"type"});
  if (const auto made = make_missing(path, type); !made) return made.error();
  for (const TypeCheck& check : kChecks) {
    if (check.type != type) continue;
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0 && (found.st_mode & S_IFMT) == check.format) return {};
    return Error{ErrorCode::kInvalid, "hostPath type check failed: " + path + " is not " + check.what};
  }
  return {};
}

}  // namespace skiff::nodeagent
