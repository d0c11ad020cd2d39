#include "server/registry/kinds/warnings.h"

#include "api/field_error.h"
#include "api/quantity.h"
#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "api/views/persistent_volume.h"
#include "server/registry/kinds/job.h"

namespace skiff::server {

namespace {

struct DeprecatedLabel {
  std::string_view label;
  std::string_view text;
};

constexpr DeprecatedLabel kDeprecatedLabels[] = {
    {"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
    {"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
    {"failure-domain.beta.kubernetes.io/region",
     "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
    {"failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
    {"beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
    {"app.kubernetes.io/created-by", "deprecated since v1.9"},
    {"scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"},
    {"node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"},
};

// Beyond both, upstream's lists of the indexes that are done may outgrow an object.
constexpr std::int64_t kManyPods = 10'000;

const DeprecatedLabel* deprecated_label(const std::string& label) {
  for (const DeprecatedLabel& each : kDeprecatedLabels) {
    if (each.label == label) return &each;
  }
  return nullptr;
}

bool is_whole(const api::Quantity& quantity) { return quantity == api::Quantity::from_integer(quantity.value()); }

}  // namespace

void warn_at(const std::string& path, std::string_view text, std::vector<std::string>& warnings) {
  std::string warning = path;
  warning += ": ";
  warning += text;
  warnings.push_back(std::move(warning));
}

void warn_of_name(const Json& object, std::string_view use, std::vector<std::string>& warnings) {
  const std::vector<std::string> findings = api::schema::format_messages("dns1123-label", api::name_of(object));
  if (findings.empty()) return;
  std::string text = "this is used in ";
  text += use;
  text += ", which can result in surprising behavior; a DNS label is recommended: [";
  for (const std::string& finding : findings) {
    if (&finding != &findings.front()) text += ' ';
    text += finding;
  }
  warn_at("metadata.name", text + "]", warnings);
}

void warn_of_workload(const Json& object, const Json* old_object, bool names_pods, std::vector<std::string>& warnings) {
  if (old_object == nullptr && names_pods) warn_of_name(object, "Pod names and hostnames", warnings);
  if (old_object != nullptr && api::generation_of(object) == api::generation_of(*old_object)) return;
  if (const Json* template_ = find(object, {"spec", "template"})) warn_of_pod(*template_, "spec.template", warnings);
}

void warn_of_job(const Json& spec, const std::string& path, std::vector<std::string>& warnings) {
  if (string_at(spec, {"completionMode"}) == "Indexed" && integer_at(spec, {"completions"}) > kManyCompletions &&
      integer_at(spec, {"parallelism"}) > kManyPods) {
    warn_at(path,
            "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
            "Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
            warnings);
  }
  if (const Json* template_ = find(spec, {"template"})) {
    warn_of_pod(*template_, api::child(path, "template"), warnings);
  }
}

void warn_of_node_label(const std::string& label, const std::string& path, std::vector<std::string>& warnings) {
  if (const DeprecatedLabel* deprecated = deprecated_label(label)) warn_at(path, deprecated->text, warnings);
}

void warn_of_node_selector_terms(const Json& terms, const std::string& path, std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Json* expressions = find(terms[i], {"matchExpressions"});
    for (std::size_t j = 0; expressions != nullptr && j < expressions->size(); ++j) {
      const std::string label = string_at((*expressions)[j], {"key"});
      const DeprecatedLabel* deprecated = deprecated_label(label);
      if (deprecated == nullptr) continue;
      std::string text = label;
      text += " is ";
      text += deprecated->text;
      const std::string expression = api::index(api::child(api::index(path, i), "matchExpressions"), j);
      warn_at(api::child(expression, "key"), text, warnings);
    }
  }
}

void warn_of_claim(const Json& spec, const std::string& path, std::vector<std::string>& warnings) {
  const std::string resources = api::child(path, "resources");
  for (const char* side : {"requests", "limits"}) {
    warn_of_fractional_bytes(find(spec, {"resources", side}), "storage", api::child(resources, side), warnings);
  }
}

void warn_of_class_annotation(const Json& object, std::vector<std::string>& warnings) {
  if (api::annotation_of(object, api::kStorageClassAnnotation) == nullptr) return;
  warn_at(api::key("metadata.annotations", api::kStorageClassAnnotation),
          "deprecated since v1.8; use \"storageClassName\" attribute instead", warnings);
}

void warn_of_fractional_bytes(const Json* amounts, const char* resource, const std::string& path,
                              std::vector<std::string>& warnings) {
  if (amounts == nullptr) return;
  const auto quantity = api::Quantity::parse(string_at(*amounts, {resource}));
  if (!quantity || is_whole(*quantity)) return;
  warn_at(api::key(path, resource),
          "fractional byte value " + to_json_text(quantity->to_string()) + " is invalid, must be an integer", warnings);
}

}  // namespace skiff::server
