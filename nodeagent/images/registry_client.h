#pragma once

#include "nodeagent/images/blob_source.h"

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::nodeagent {

// One repository of a registry over the OCI distribution protocol (docker's Registry HTTP API v2), on libcurl. HTTPS;
// registries on this machine (localhost, 127.0.0.0/8, [::1]) are also spoken to in plain HTTP, as docker does. Bearer
// tokens are fetched when the registry asks for them. Used by one thread; blocks, bounded by time-outs.
class RegistryClient final : public BlobSource {
 public:
  // Layers are downloaded into `directory`, which exists. When `stop` is requested everything ends with
  // pull_canceled(): at once while bytes come, within a second while none do.
  RegistryClient(ImageReference reference, RegistryCredentials credentials, std::string directory,
                 std::stop_token stop);
  ~RegistryClient() override;

  struct FetchedManifest {
    std::string text;
    Descriptor descriptor;
  };
  // The manifest or index behind the reference's tag or digest. kNotFound: "<reference>: not found"; kPermissionDenied.
  [[nodiscard]] Result<FetchedManifest> resolve();

  [[nodiscard]] Result<std::string> document(const Descriptor& descriptor) override;
  [[nodiscard]] Result<std::string> layer(const Descriptor& descriptor) override;

 private:
  struct Response;
  using Sink = std::function<bool(std::string_view bytes)>;

  [[nodiscard]] Result<Response> get(const std::string& path, const std::vector<std::string>& accept, const Sink& sink);
  [[nodiscard]] Result<Response> perform(const std::string& url, const std::vector<std::string>& accept, bool authorize,
                                         const Sink& sink);
  // Obtains a token as the WWW-Authenticate header asks, or falls back to basic authentication.
  [[nodiscard]] Result<void> authenticate(const std::string& challenge);

  const ImageReference reference_;
  const RegistryCredentials credentials_;
  const std::string directory_;
  const std::stop_token stop_;
  std::vector<std::string> base_urls_;  // to try in order; the first that answers stays alone
  std::string authorization_;           // header value, once known
  std::unique_ptr<void, void (*)(void*)> curl_;
};

}  // namespace skiff::nodeagent
