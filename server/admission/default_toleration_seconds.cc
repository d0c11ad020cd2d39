#include "server/admission/plugins.h"

namespace skiff::server {

namespace {

constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";

bool tolerates(const Json& tolerations, const std::string& taint) {
  for (const Json& toleration : tolerations) {
    const std::string key = string_at(toleration, {"key"});
    const std::string effect = string_at(toleration, {"effect"});
    if ((key == taint || key.empty()) && (effect == "NoExecute" || effect.empty())) return true;
  }
  return false;
}

class DefaultTolerationSeconds final : public AdmissionPlugin {
 public:
  explicit DefaultTolerationSeconds(const AdmissionOptions& options) : options_(options) {}

  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry&) const override {
    // Also on updates: who sends the manifest again that a pod was made from does not mean to take them away.
    const bool writes_pod = creates_pod(request) || (request.operation == AdmissionRequest::Operation::kUpdate &&
                                                     request.kind.kind == "Pod" && request.subresource.empty());
    if (!writes_pod) return {};
    Json& spec = (*object)["spec"];
    Json tolerations = spec.value("tolerations", Json::array());
    add(tolerations, kNotReady, options_.default_not_ready_toleration_seconds);
    add(tolerations, kUnreachable, options_.default_unreachable_toleration_seconds);
    spec["tolerations"] = std::move(tolerations);
    return {};
  }

 private:
  static void add(Json& tolerations, const char* taint, std::int64_t seconds) {
    if (tolerates(tolerations, taint)) return;
    tolerations.push_back(
        {{"key", taint}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", seconds}});
  }

  AdmissionOptions options_;
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> default_toleration_seconds(const AdmissionOptions& options) {
  return std::make_unique<DefaultTolerationSeconds>(options);
}

}  // namespace skiff::server
