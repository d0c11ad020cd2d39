#include "server/auth/kubeconfig.h"

#include "api/base/files.h"
#include "api/base/ids.h"

#include <spdlog/fmt/fmt.h>

namespace skiff::server {

std::string kubeconfig_text(const std::string& server, const std::string& authorities, const Pki& pki) {
  return fmt::format(R"(apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: {}
    server: {}
  name: skiff
contexts:
- context:
    cluster: skiff
    user: kubernetes-admin
  name: kubernetes-admin@skiff
current-context: kubernetes-admin@skiff
preferences: {{}}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: {}
    client-key-data: {}
    token: {}
)",
                     base64_encode(authorities), server, base64_encode(pki.admin.certificate),
                     base64_encode(pki.admin.key), pki.admin_token);
}

Result<void> write_kubeconfig(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return errno_error("make directory " + path.parent_path().string(), error.value());
  return write_file_atomically(path, text, 0600, Sync::kFile);
}

}  // namespace skiff::server
