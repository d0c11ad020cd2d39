#pragma once

#include "api/base/result.h"
#include "server/auth/pki.h"

#include <filesystem>
#include <string>

namespace skiff::server {

// A kubeconfig with cluster "skiff", user "kubernetes-admin" (client certificate and token) and context
// "kubernetes-admin@skiff"; certificates and keys are inside. `server` is a URL: "https://127.0.0.1:6443"; one of
// `authorities` (PEM) signed the certificate that it shows.
[[nodiscard]] std::string kubeconfig_text(const std::string& server, const std::string& authorities, const Pki& pki);

// Writes it, readable by its owner only, and makes the directory that it lies in.
[[nodiscard]] Result<void> write_kubeconfig(const std::filesystem::path& path, const std::string& text);

}  // namespace skiff::server
