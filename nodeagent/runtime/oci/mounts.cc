#include "nodeagent/runtime/oci/mounts.h"

#include "api/base/fd.h"

#include <fcntl.h>
#include <sys/mount.h>

namespace skiff::nodeagent::oci {

Result<void> mount_overlay(const std::vector<std::string>& layers, const std::string& upper, const std::string& work,
                           const std::string& target) {
  // mount(2) takes one page of options, which the paths of a few dozen layers would overflow; and a path may hold the
  // characters that separate them. So layers are named by descriptors.
  std::vector<UniqueFd> descriptors;
  std::string lower;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {  // overlayfs wants the topmost first
    descriptors.emplace_back(::open(layer->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!descriptors.back()) return errno_error("open image layer " + *layer);
    lower += (lower.empty() ? "" : ":") + ("/proc/self/fd/" + std::to_string(descriptors.back().get()));
  }
  // "volatile": unmounting would otherwise write the whole file system below to disk. The files need not survive a
  // crash of the machine, since the container does not either.
  const std::string options = "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work + ",volatile";
  if (::mount("overlay", target.c_str(), "overlay", 0, options.c_str()) != 0)
    return errno_error("mount overlay " + target);
  return {};
}

Result<void> mount_shared_memory(const std::string& target) {
  if (::mount("shm", target.c_str(), "tmpfs", MS_NOEXEC | MS_NOSUID | MS_NODEV, "mode=1777,size=65536k") != 0) {
    return errno_error("mount " + target);
  }
  return {};
}

}  // namespace skiff::nodeagent::oci
