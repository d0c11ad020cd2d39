#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"
#include "api/base/task.h"
#include "api/client.h"
#include "server/cli/data_directory.h"
#include "server/cli/options.h"
#include "server/cluster/node_directory.h"

#include <memory>
#include <string>

namespace skiff::server {

// The cluster without its nodes: store, registry, HTTPS server, controllers and scheduler, wired together.
//
//   clients -> HttpServer -> AuthenticatingHandler -> ImpersonatingHandler -> ApiHandler -> Registry -> Store
//                                                          controllers, scheduler -> DirectClient --^
//
// Operation: open() makes everything and fails where a user must act; start() brings it to life, so that on return the
// initial namespaces exist and requests are answered; stop() ends it in the reverse order. Concurrency: connections run
// on two threads of their own, controllers and scheduler together on one. Called from one coroutine.
class ControlPlane {
 public:
  // `clock` and `directory` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<ControlPlane>> open(const ServeOptions& options,
                                                                  const DataDirectory& directory, const Clock& clock);
  ~ControlPlane();

  Task<Result<void>> start();
  Task<void> stop();

  // "https://127.0.0.1:6443"; after start().
  [[nodiscard]] const std::string& url() const;
  // Where the administrator's kubeconfig was written; after start().
  [[nodiscard]] const std::string& kubeconfig_path() const;
  // The door for the nodes in this process, on behalf of user system:node:<name>.
  [[nodiscard]] std::unique_ptr<api::Client> node_client(const std::string& node_name);
  [[nodiscard]] NodeDirectory& nodes();

 private:
  struct Impl;
  explicit ControlPlane(std::unique_ptr<Impl> impl);
  // On the control thread.
  static Task<void> start_control(Impl& impl);
  static Task<void> stop_control(Impl& impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace skiff::server
