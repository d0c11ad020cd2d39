#pragma once

#include "api/base/result.h"
#include "api/client/http/kubeconfig.h"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace skiff::server {

// How a command reaches the server of its data directory, as the administrator.
struct AdministratorAccess {
  api::Kubeconfig kubeconfig;
  std::shared_ptr<boost::asio::ssl::context> tls;
};

// From the kubeconfig that the server leaves in its data directory. kNotFound when there is none, kInvalid when it is
// none of ours.
[[nodiscard]] Result<AdministratorAccess> find_administrator(const std::string& data_directory);

// What commands call themselves towards a server: "skiff/0.1.0".
inline constexpr const char* kUserAgent = "skiff/" SKIFF_VERSION;

}  // namespace skiff::server
