#pragma once

#include "api/base/result.h"
#include "api/client/http/http_client.h"

#include <string>

namespace skiff::api {

// What the current context of a kubeconfig says, as far as we write such files ourselves: the server, its authority and
// a token, all inline.
struct Kubeconfig {
  Endpoint server;
  std::string server_url;
  std::string authority;  // PEM
  std::string token;
};

// kInvalid when the text is no kubeconfig, or leaves one of them out.
[[nodiscard]] skiff::Result<Kubeconfig> parse_kubeconfig(const std::string& text);

}  // namespace skiff::api
