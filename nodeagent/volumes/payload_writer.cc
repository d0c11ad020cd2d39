// show_payload(): see the layout in payload.h.
#include "api/base/clock.h"
#include "api/base/fd.h"
#include "api/base/files.h"
#include "api/base/ids.h"
#include "nodeagent/mounts.h"
#include "nodeagent/volumes/payload.h"
#include "nodeagent/volumes/shared_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <set>

namespace skiff::nodeagent {

namespace {

constexpr const char* kDataLink = "..data";
constexpr mode_t kDirectoryMode = 0755;          // of those below the volume itself
constexpr mode_t kReadable = S_IRUSR | S_IRGRP;  // what the fsGroup adds to a file's mode

std::string link_target(const std::string& path) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  target.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return target;
}

Result<void> write_file(const std::string& path, const PayloadFile& file, std::optional<gid_t> group) {
  const UniqueFd fd(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd) return errno_error("create " + path);
  if (const auto written = write_all(fd.get(), file.content, path); !written) return written;
  mode_t mode = file.mode;
  const uid_t owner = file.owner.value_or(static_cast<uid_t>(-1));
  if (::fchown(fd.get(), owner, group.value_or(static_cast<gid_t>(-1))) != 0) {
    return errno_error("change owner of " + path);
  }
  if (group) mode |= kReadable;
  if (::fchmod(fd.get(), mode) != 0) return errno_error("change mode of " + path);
  return {};
}

// The access to a version's directories, whatever our umask.
Result<void> open_directories(const std::string& directory, std::optional<gid_t> group) {
  if (group && ::chown(directory.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return errno_error("change group of " + directory);
  }
  const mode_t mode = group ? kDirectoryMode | S_ISGID : kDirectoryMode;
  if (::chmod(directory.c_str(), mode) != 0) return errno_error("change mode of " + directory);
  for (const std::string& name : list_directory(directory)) {
    const std::string path = directory + "/" + name;
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) continue;
    if (const auto opened = open_directories(path, group); !opened) return opened;
  }
  return {};
}

void list_files(const std::string& directory, const std::string& prefix, std::set<std::string>& files) {
  for (const std::string& name : list_directory(directory)) {
    const std::string path = directory + "/" + name;
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) continue;
    if (S_ISDIR(found.st_mode)) {
      list_files(path, prefix + name + "/", files);
    } else {
      files.insert(prefix + name);
    }
  }
}

// Containers of an earlier skiff could write to these volumes: nothing in them is taken for granted.
bool shows_already(const std::string& directory, const Payload& payload) {
  const std::string version = link_target(directory + "/" + kDataLink);
  if (!version.starts_with("..") || version.find('/') != std::string::npos) return false;
  const std::string current = directory + "/" + version;
  std::set<std::string> files;
  list_files(current, "", files);
  if (files.size() != payload.size()) return false;
  for (const auto& [path, file] : payload) {
    const auto opened = open_shared_file(current + "/" + path);
    struct stat found {};
    if (!opened || !shared_file_holds(opened->get(), file.content) || ::fstat(opened->get(), &found) != 0) return false;
    if ((found.st_mode & 07777 & ~kReadable) != (file.mode & ~kReadable)) return false;
  }
  return true;
}

Result<void> make_link(const std::string& target, const std::string& link, std::optional<gid_t> group) {
  if (::symlink(target.c_str(), link.c_str()) != 0) return errno_error("link " + link);
  if (group && ::lchown(link.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return errno_error("change group of " + link);
  }
  return {};
}

Result<void> replace_link(const std::string& target, const std::string& link, std::optional<gid_t> group) {
  const std::string temporary = link + "_tmp";
  static_cast<void>(::unlink(temporary.c_str()));
  if (const auto made = make_link(target, temporary, group); !made) return made;
  if (::rename(temporary.c_str(), link.c_str()) != 0) return errno_error("rename to " + link);
  return {};
}

// The links that users see: one per first component of a path.
Result<void> update_links(const std::string& directory, const Payload& payload, std::optional<gid_t> group) {
  std::set<std::string> wanted;
  for (const auto& [path, file] : payload) wanted.insert(path.substr(0, path.find('/')));
  for (const std::string& name : list_directory(directory)) {
    if (!name.starts_with("..") && !wanted.contains(name))
      static_cast<void>(::unlink((directory + "/" + name).c_str()));
  }
  for (const std::string& name : wanted) {
    const std::string link = directory + "/" + name;
    const std::string target = std::string(kDataLink) + "/" + name;
    if (link_target(link) == target) continue;
    if (const auto made = make_link(target, link, group); !made) return made;
  }
  return {};
}

std::string new_version_name() {
  std::string time = format_time(std::chrono::system_clock::now());
  std::replace_if(
      time.begin(), time.end(), [](char c) { return c == '-' || c == 'T' || c == ':'; }, '_');
  time.pop_back();
  return ".." + time + "." + random_hex(5);
}

Result<void> write_version(const std::string& directory, const Payload& payload, std::optional<gid_t> group) {
  if (const auto made = make_directories(directory); !made) return made;
  for (const auto& [path, file] : payload) {
    const std::string full = directory + "/" + path;
    if (const auto made = make_directories(full.substr(0, full.rfind('/'))); !made) return made;
    if (const auto written = write_file(full, file, group); !written) return written;
  }
  return open_directories(directory, group);
}

Result<void> write_payload(const std::string& directory, const Payload& payload, std::optional<gid_t> group) {
  if (shows_already(directory, payload)) return update_links(directory, payload, group);

  const std::string version = new_version_name();
  if (const auto written = write_version(directory + "/" + version, payload, group); !written) return written;
  const std::string current = directory + "/" + kDataLink;
  if (const auto replaced = replace_link(version, current, group); !replaced) return replaced;
  if (const auto linked = update_links(directory, payload, group); !linked) return linked;
  for (const std::string& name : list_directory(directory)) {
    const bool old_version = name.starts_with("..") && name != kDataLink && name != version;
    if (old_version) static_cast<void>(remove_tree(directory + "/" + name));
  }
  return {};
}

}  // namespace

Result<void> show_payload(PayloadMedium medium, const VolumeContext& context, const Payload& payload) {
  if (const auto made = make_directories(context.directory); !made) return made;
  const std::string& directory = context.directory;
  const auto group = fs_group_of(context.pod);
  const auto ready = medium == PayloadMedium::kMemory
                         ? mount_tmpfs(directory, 0, volume_mode(kModeInMemory, context.pod), group)
                         : open_to_pod(directory, kModeOnDisk, context.pod);
  if (!ready) return ready;
  return write_payload(directory, payload, group);
}

}  // namespace skiff::nodeagent
