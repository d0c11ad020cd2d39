#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"
#include "server/auth/certificate.h"

#include <filesystem>
#include <string>
#include <vector>

namespace skiff::server {

// The cluster's keys, certificates and first token. The whole of it is made in a few milliseconds.
struct Pki {
  KeyPair ca;
  KeyPair apiserver;
  KeyPair admin;  // CN=kubernetes-admin, O=system:masters
  // What service account tokens are signed with and checked by.
  std::string service_account_private_key;
  std::string service_account_public_key;
  // A bearer token of kubernetes-admin.
  std::string admin_token;
};

struct PkiOptions {
  std::string listen_address;
  std::string host_name;
  // --tls-san: further DNS names and IP addresses of the server.
  std::vector<std::string> extra_names;
};

// The names that clients reach the server by: those inside the cluster, localhost, 127.0.0.1, ::1, the first address of
// the service range, and the options'. Without an unspecified listen address (0.0.0.0, ::), by which nobody reaches
// anything.
[[nodiscard]] std::vector<std::string> server_names(const PkiOptions& options);

// A new one in memory.
[[nodiscard]] Result<Pki> create_pki(const PkiOptions& options, TimePoint now);

// The one in `directory` (ca.crt, ca.key, apiserver.crt, apiserver.key, admin.crt, admin.key, sa.key, sa.pub,
// admin.token). What is missing is made, the directory included. The server's and the admin's certificates are also
// made anew when the CA did not sign them, when they lack a name or expire within 30 days. kInvalid when the CA or
// sa.key is there but unusable: making a new one would lock out everybody who trusts the old one.
[[nodiscard]] Result<Pki> load_or_create_pki(const std::filesystem::path& directory, const PkiOptions& options,
                                             TimePoint now);

}  // namespace skiff::server
