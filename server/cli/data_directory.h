#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <string>
#include <utility>

namespace skiff::server {

// The data directory of one running skiff:
//
//   lock         held by the skiff that runs on the directory
//   pki/         keys, certificates, the administrator's token (server/auth/pki.h)
//   kubeconfig   for the administrator
//   ca.crt       of an agent: the authority of its server
//   store.db     the cluster's objects (store/sqlite)
//   images/      the node's images (nodeagent/images)
//   network.json what the pod network was made with (server/cluster/nodes.cc)
//   node/        sandboxes, containers, volumes and logs of the node (nodeagent)
class DataDirectory {
 public:
  // Makes the directory where it is missing and takes its lock. An empty path: a temporary directory that goes with the
  // object. kUnavailable when another skiff runs on it, kPermissionDenied and others when it cannot be written.
  [[nodiscard]] static Result<DataDirectory> open(const std::string& path);
  // The paths alone, of a directory that somebody else may be using.
  [[nodiscard]] static DataDirectory peek(const std::string& path) { return DataDirectory(path, UniqueFd(), false); }

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string pki() const { return path_ + "/pki"; }
  [[nodiscard]] std::string kubeconfig() const { return path_ + "/kubeconfig"; }
  [[nodiscard]] std::string authority() const { return path_ + "/ca.crt"; }
  [[nodiscard]] std::string store() const { return path_ + "/store.db"; }
  [[nodiscard]] std::string images() const { return path_ + "/images"; }
  [[nodiscard]] std::string network() const { return path_ + "/network.json"; }
  [[nodiscard]] std::string node() const { return path_ + "/node"; }

 private:
  DataDirectory(std::string path, UniqueFd lock, bool temporary)
      : path_(std::move(path)), lock_(std::move(lock)), temporary_(temporary) {}

  std::string path_;
  UniqueFd lock_;
  bool temporary_;
};

}  // namespace skiff::server
