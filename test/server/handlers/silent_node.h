#pragma once

#include "api/node_service.h"

namespace skiff::server {

// A node that knows no pod. Tests override what they are about.
class SilentNode : public api::NodeService {
 public:
  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName, api::LogOptions) override {
    co_return no_such_pod();
  }
  Task<api::Result<api::StartProcess>> exec(api::NamespacedName, api::ExecOptions) override { co_return no_such_pod(); }
  Task<api::Result<api::StartProcess>> attach(api::NamespacedName, api::ExecOptions) override {
    co_return no_such_pod();
  }
  Task<api::Result<api::OpenPort>> port_forward(api::NamespacedName) override { co_return no_such_pod(); }
  Task<api::Result<api::NodeUsage>> usage(std::string) override { co_return api::NodeUsage(); }
  Task<api::Result<std::string>> metrics(std::string) override { co_return std::string(); }

 private:
  static api::Status no_such_pod() {
    api::Status status;
    status.reason = api::Reason::kNotFound;
    status.message = "pod does not exist";
    return status;
  }
};

}  // namespace skiff::server
