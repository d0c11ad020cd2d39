#include "server/auth/kubeconfig.h"

#include "api/base/ids.h"
#include "server/auth/files.h"

namespace skiff::server {

std::string kubeconfig_text(const std::string& server, const Pki& pki) {
  return "apiVersion: v1\n"
         "kind: Config\n"
         "clusters:\n"
         "- cluster:\n"
         "    certificate-authority-data: " +
         base64_encode(pki.ca.certificate) + "\n" + "    server: " + server + "\n" +
         "  name: skiff\n"
         "contexts:\n"
         "- context:\n"
         "    cluster: skiff\n"
         "    user: kubernetes-admin\n"
         "  name: kubernetes-admin@skiff\n"
         "current-context: kubernetes-admin@skiff\n"
         "preferences: {}\n"
         "users:\n"
         "- name: kubernetes-admin\n"
         "  user:\n"
         "    client-certificate-data: " +
         base64_encode(pki.admin.certificate) + "\n" + "    client-key-data: " + base64_encode(pki.admin.key) + "\n" +
         "    token: " + pki.admin_token + "\n";
}

Result<void> write_kubeconfig(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return errno_error("make directory " + path.parent_path().string(), error.value());
  return write_file_atomically(path, text, 0600);
}

}  // namespace skiff::server
