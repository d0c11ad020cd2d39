#pragma once

#include <string>

namespace skiff::nodeagent::oci {

// Where things are below the data directory:
//
//   runtime/bin/pause-root/pause     the pause program in its root file system
//   runtime/bin/legacy-view          see helpers/legacy_view.c
//   runtime/bin/shim                 see helpers/shim.c
//   runtime/state/BOOT/              the OCI runtime's own state; BOOT is the boot's id: a reboot ends all containers
//   runtime/netns/SANDBOX            the pinned network namespace
//   runtime/sandboxes/SANDBOX/       record.json, config.json (an OCI bundle), shm (mount), pid
//   runtime/containers/CONTAINER/    record.json, config.json (an OCI bundle), rootfs (mount), upper, work, pid,
//                                    and the shim's: CONTAINER (the exit code), exit-code, attach, ctl
//
// A record is written before anything else of its sandbox or container is made, and removed after everything else is
// gone: what has no record does not exist.
class Layout {
 public:
  Layout(std::string data_directory, const std::string& boot_id)
      : root_(std::move(data_directory) + "/runtime"), state_(root_ + "/state/" + boot_id) {}

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string programs() const { return root_ + "/bin"; }
  [[nodiscard]] std::string pause_root() const { return root_ + "/bin/pause-root"; }
  [[nodiscard]] std::string legacy_view() const { return root_ + "/bin/legacy-view"; }
  [[nodiscard]] std::string shim() const { return root_ + "/bin/shim"; }
  [[nodiscard]] std::string states() const { return root_ + "/state"; }
  [[nodiscard]] const std::string& state() const { return state_; }
  [[nodiscard]] std::string namespaces() const { return root_ + "/netns"; }
  [[nodiscard]] std::string network_namespace(const std::string& sandbox_id) const {
    return namespaces() + "/" + sandbox_id;
  }
  [[nodiscard]] std::string sandboxes() const { return root_ + "/sandboxes"; }
  [[nodiscard]] std::string sandbox(const std::string& id) const { return sandboxes() + "/" + id; }
  [[nodiscard]] std::string shared_memory(const std::string& sandbox_id) const { return sandbox(sandbox_id) + "/shm"; }
  [[nodiscard]] std::string containers() const { return root_ + "/containers"; }
  [[nodiscard]] std::string container(const std::string& id) const { return containers() + "/" + id; }
  [[nodiscard]] std::string writable_layer(const std::string& id) const { return container(id) + "/upper"; }
  [[nodiscard]] std::string exit_file(const std::string& id) const { return container(id) + "/" + id; }

 private:
  std::string root_;
  std::string state_;
};

}  // namespace skiff::nodeagent::oci
