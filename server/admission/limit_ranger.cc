#include "api/views/meta.h"
#include "api/views/pod_resources.h"
#include "server/admission/plugins.h"
#include "server/registry/record.h"
#include "server/registry/registry.h"

#include <spdlog/fmt/fmt.h>

#include <limits>

namespace skiff::server {

namespace {

using api::Quantity;
using api::ResourceAmounts;
using Operation = AdmissionRequest::Operation;

constexpr const char* kAnnotation = "kubernetes.io/limit-ranger";

// A pod's containers never change, so its updates are not looked at.
bool is_limited(const AdmissionRequest& request) {
  if (!request.subresource.empty() || request.operation == Operation::kDelete) return false;
  if (request.kind.kind == "Pod") return request.operation == Operation::kCreate;
  return request.kind.kind == "PersistentVolumeClaim";
}

api::Result<std::vector<Json>> limit_ranges(const std::string& namespace_, const Registry& registry) {
  const auto page = registry.list(registry.kinds().find(api::kLimitRanges), namespace_, ListParams());
  if (!page) return page.error();
  std::vector<Json> ranges;
  for (const store::RecordPtr& record : page->records) {
    auto document = to_document(*record);
    if (!document) return document.error();
    ranges.push_back(std::move(*document));
  }
  return ranges;
}

const Json& limits_of(const Json& range) {
  static const Json none = Json::array();
  const Json* limits = find(range, {"spec", "limits"});
  return limits != nullptr && limits->is_array() ? *limits : none;
}

// Puts the amounts into the container that it has none of yet; the names of those, separated by commas.
std::string add_missing(Json& container, const char* side, const Json* defaults) {
  std::string added;
  if (defaults == nullptr) return added;
  for (const auto& [name, value] : defaults->items()) {
    Json& amounts = container["resources"][side];
    if (amounts.contains(name)) continue;
    amounts[name] = value;
    added += (added.empty() ? "" : ", ") + name;
  }
  return added;
}

// What was put into the pod, in upstream's words, one entry for each container and side.
std::vector<std::string> add_defaults(Json& pod, const Json& range) {
  struct List {
    const char* name;
    const char* what;
  };
  std::vector<std::string> notes;
  for (const List list : {List{"containers", "container"}, List{"initContainers", "init container"}}) {
    const auto containers = pod["spec"].find(list.name);
    if (containers == pod["spec"].end() || !containers->is_array()) continue;
    for (Json& container : *containers) {
      const std::string whose = std::string(" for ") + list.what + " " + string_at(container, {"name"});
      std::string requests;
      std::string limits;
      for (const Json& item : limits_of(range)) {
        if (string_at(item, {"type"}) != "Container") continue;
        limits = add_missing(container, "limits", find(item, {"default"}));
        requests = add_missing(container, "requests", find(item, {"defaultRequest"}));
      }
      if (!requests.empty()) notes.push_back(requests + " request" + whose);
      if (!limits.empty()) notes.push_back(limits + " limit" + whose);
    }
  }
  return notes;
}

// What something asks for and how much it may use at most.
struct Asked {
  ResourceAmounts requests;
  ResourceAmounts limits;
};

const Quantity* amount(const ResourceAmounts& amounts, const std::string& name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? nullptr : &found->second;
}

// Checks one thing against one item of a LimitRange and gathers what is wrong.
class Bounds {
 public:
  Bounds(const Json& item, std::vector<std::string>& problems)
      : item_(item), type_(string_at(item, {"type"})), problems_(problems) {}

  void check(const Asked& asked) const {
    check_min(asked);
    for (const auto& [name, bound] : amounts("max")) {
      const std::string usage = sentence("maximum", name, bound);
      const Quantity* limit = amount(asked.limits, name);
      const Quantity* request = amount(asked.requests, name);
      if (limit == nullptr) {
        problems_.push_back(usage + ".  No limit is specified");
      } else if (*limit > bound) {
        problems_.push_back(usage + ", but limit is " + limit->to_string());
      } else if (request != nullptr && *request > bound) {
        problems_.push_back(usage + ", but request is " + request->to_string());
      }
    }
    for (const auto& [name, bound] : amounts("maxLimitRequestRatio")) check_ratio(name, bound, asked);
  }

  // Of a claim only what it requests counts.
  void check_claim(const ResourceAmounts& requests) const {
    check_min(Asked{requests, {}});
    for (const auto& [name, bound] : amounts("max")) {
      const std::string usage = sentence("maximum", name, bound);
      const Quantity* request = amount(requests, name);
      if (request == nullptr) {
        problems_.push_back(usage + ".  No request is specified");
      } else if (*request > bound) {
        problems_.push_back(usage + ", but request is " + request->to_string());
      }
    }
  }

 private:
  [[nodiscard]] ResourceAmounts amounts(const char* list) const { return api::resource_amounts(find(item_, {list})); }

  [[nodiscard]] std::string sentence(const char* which, const std::string& name, const Quantity& bound) const {
    return fmt::format("{} {} usage per {} is {}", which, name, type_, bound.to_string());
  }

  void check_min(const Asked& asked) const {
    for (const auto& [name, bound] : amounts("min")) {
      const std::string usage = sentence("minimum", name, bound);
      const Quantity* request = amount(asked.requests, name);
      const Quantity* limit = amount(asked.limits, name);
      if (request == nullptr) {
        problems_.push_back(usage + ".  No request is specified");
      } else if (*request < bound) {
        problems_.push_back(usage + ", but request is " + request->to_string());
      } else if (limit != nullptr && *limit < bound) {
        problems_.push_back(usage + ", but limit is " + limit->to_string());
      }
    }
  }

  void check_ratio(const std::string& name, const Quantity& bound, const Asked& asked) const {
    const std::string ratio = fmt::format("{} max limit to request ratio per {} is {}", name, type_, bound.to_string());
    const Quantity* request = amount(asked.requests, name);
    const Quantity* limit = amount(asked.limits, name);
    if (request == nullptr || request->is_zero()) {
      problems_.push_back(ratio + ", but no request is specified or request is 0");
      return;
    }
    if (limit == nullptr || limit->is_zero()) {
      problems_.push_back(ratio + ", but no limit is specified or limit is 0");
      return;
    }
    // In thousandths, where they fit into 64 bits.
    constexpr std::int64_t kMaxMilliValue = std::numeric_limits<std::int64_t>::max() / 1000;
    const bool exact = request->value() <= kMaxMilliValue && limit->value() <= kMaxMilliValue;
    const auto number = [&](const Quantity& quantity) {
      return static_cast<double>(exact ? quantity.milli_value() : quantity.value());
    };
    const double observed = number(*limit) / number(*request);
    if (observed * 1000 > static_cast<double>(bound.milli_value())) {
      problems_.push_back(fmt::format("{}, but provided ratio is {:f}", ratio, observed));
    }
  }

  const Json& item_;
  const std::string type_;
  std::vector<std::string>& problems_;
};

void check_pod(const Json& pod, const Json& item, std::vector<std::string>& problems) {
  using api::ResourceSide;
  const Bounds bounds(item, problems);
  const std::string type = string_at(item, {"type"});
  if (type == "Pod") {
    bounds.check(Asked{api::pod_amounts(pod, ResourceSide::kRequests), api::pod_amounts(pod, ResourceSide::kLimits)});
  }
  if (type != "Container") return;
  for (const char* list : {"containers", "initContainers"}) {
    const Json* containers = find(pod, {"spec", list});
    if (containers == nullptr || !containers->is_array()) continue;
    for (const Json& container : *containers) {
      bounds.check(Asked{api::container_amounts(container, ResourceSide::kRequests),
                         api::container_amounts(container, ResourceSide::kLimits)});
    }
  }
}

std::string joined(const std::vector<std::string>& texts, const char* separator) {
  std::string text;
  for (const std::string& each : texts) text += (text.empty() ? "" : separator) + each;
  return text;
}

class LimitRanger final : public AdmissionPlugin {
 public:
  [[nodiscard]] api::Result<void> mutate(const AdmissionRequest& request, Json* object,
                                         const Registry& registry) const override {
    if (request.kind.kind != "Pod" || !is_limited(request)) return {};
    const auto ranges = limit_ranges(request.name.namespace_, registry);
    if (!ranges) return ranges.error();
    for (const Json& range : *ranges) {
      const std::vector<std::string> notes = add_defaults(*object, range);
      if (notes.empty()) continue;
      (*object)["metadata"]["annotations"][kAnnotation] = "LimitRanger plugin set: " + joined(notes, "; ");
    }
    return {};
  }

  [[nodiscard]] api::Result<void> check(const AdmissionRequest& request, const Json* object,
                                        const Registry& registry) const override {
    if (!is_limited(request) || api::is_terminating(*object)) return {};
    const auto ranges = limit_ranges(request.name.namespace_, registry);
    if (!ranges) return ranges.error();
    for (const Json& range : *ranges) {
      std::vector<std::string> problems;
      for (const Json& item : limits_of(range)) check_item(request, *object, item, problems);
      if (problems.empty()) continue;
      const std::string why = problems.size() == 1 ? problems.front() : "[" + joined(problems, ", ") + "]";
      return refusal(request, *object, why);
    }
    return {};
  }

 private:
  static void check_item(const AdmissionRequest& request, const Json& object, const Json& item,
                         std::vector<std::string>& problems) {
    if (request.kind.kind == "Pod") {
      check_pod(object, item, problems);
    } else if (string_at(item, {"type"}) == "PersistentVolumeClaim") {
      Bounds(item, problems).check_claim(api::resource_amounts(find(object, {"spec", "resources", "requests"})));
    }
  }
};

}  // namespace

std::unique_ptr<const AdmissionPlugin> limit_ranger() { return std::make_unique<LimitRanger>(); }

}  // namespace skiff::server
