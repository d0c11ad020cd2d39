#include "api/resource_names.h"
#include "api/schema/validate.h"
#include "api/views/pod_resources.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/resource_names.h"
#include "server/registry/tables/tables.h"

#include <spdlog/fmt/fmt.h>

#include <limits>
#include <set>

namespace skiff::server {

namespace {

using api::Quantity;
using api::ResourceAmounts;

// Beyond this, upstream compares whole units, since thousandths would not fit into 64 bits.
constexpr std::int64_t kMaxMilliValue = std::numeric_limits<std::int64_t>::max() / 1000;

// Copies what `from` has and `to` lacks.
void fill_in(Json& item, const char* to, const char* from) {
  const auto source = item.find(from);
  if (source == item.end()) return;
  const Json amounts = *source;
  for (const auto& [name, value] : amounts.items()) {
    Json& target = item[to];
    if (!target.contains(name)) target[name] = value;
  }
}

bool is_limit_type(const std::string& type) {
  return type == "Pod" || type == "Container" || type == "PersistentVolumeClaim";
}

void validate_type(const std::string& type, const std::string& path, api::FieldErrors& errors) {
  api::schema::validate_format("qualified-name", type, path, errors);
  if (type.find('/') == std::string::npos && !is_limit_type(type)) {
    errors.invalid(path, type, "must be a standard limit type or fully qualified");
  }
}

// One item's lists, by name of the list.
class Item {
 public:
  Item(const Json& item, std::string path) : type_(string_at(item, {"type"})), path_(std::move(path)) {
    for (const char* list : {"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"}) {
      lists_[list] = api::resource_amounts(find(item, {list}));
    }
  }

  void validate(api::FieldErrors& errors) const {
    const bool is_pod = type_ == "Pod";
    for (const char* list : {"max", "min"}) validate_names(list, errors);
    for (const char* list : {"default", "defaultRequest"}) {
      if (!is_pod) {
        validate_names(list, errors);
      } else if (!lists_.at(list).empty()) {
        errors.forbidden(api::child(path_, list), "may not be specified when `type` is 'Pod'");
      }
    }
    if (type_ == "PersistentVolumeClaim" && amount("min", "storage") == nullptr &&
        amount("max", "storage") == nullptr) {
      errors.required(api::child(path_, "limits"),
                      "either minimum or maximum storage value is required, but neither was provided");
    }
    validate_names("maxLimitRequestRatio", errors);
    for (const std::string& name : names()) {
      validate_order(name, errors);
      validate_ratio(name, errors);
    }
  }

 private:
  [[nodiscard]] const Quantity* amount(const char* list, const std::string& name) const {
    // A pod has no defaults; those given have been refused.
    if (type_ == "Pod" && std::string_view(list).starts_with("default")) return nullptr;
    const ResourceAmounts& amounts = lists_.at(list);
    const auto found = amounts.find(name);
    return found == amounts.end() ? nullptr : &found->second;
  }

  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& [list, amounts] : lists_) {
      for (const auto& [name, value] : amounts) names.insert(name);
    }
    return names;
  }

  void validate_names(const char* list, api::FieldErrors& errors) const {
    for (const auto& [name, value] : lists_.at(list)) {
      const std::string path = api::key(api::child(path_, list), name);
      if (type_ == "Pod" || type_ == "Container") {
        validate_container_resource_name(name, path, errors);
      } else {
        validate_resource_name(name, path, errors);
      }
    }
  }

  // That one amount is not above another; `shown` of the two is at fault, in the list `at`.
  void expect_order(const std::string& name, const char* lower, const char* upper, const char* at, bool shows_lower,
                    std::string_view sentence, api::FieldErrors& errors) const {
    const Quantity* low = amount(lower, name);
    const Quantity* high = amount(upper, name);
    if (low == nullptr || high == nullptr || *low <= *high) return;
    errors.invalid(api::key(api::child(path_, at), name), (shows_lower ? low : high)->to_string(),
                   fmt::format(fmt::runtime(sentence), low->to_string(), high->to_string()));
  }

  void validate_order(const std::string& name, api::FieldErrors& errors) const {
    expect_order(name, "min", "max", "min", true, "min value {} is greater than max value {}", errors);
    expect_order(name, "min", "defaultRequest", "defaultRequest", false,
                 "min value {} is greater than default request value {}", errors);
    expect_order(name, "defaultRequest", "max", "defaultRequest", true,
                 "default request value {} is greater than max value {}", errors);
    expect_order(name, "defaultRequest", "default", "defaultRequest", true,
                 "default request value {} is greater than default limit value {}", errors);
    expect_order(name, "min", "default", "default", true, "min value {} is greater than default value {}", errors);
    expect_order(name, "default", "max", "default", false, "default value {} is greater than max value {}", errors);
    const Quantity* limit = amount("default", name);
    const Quantity* request = amount("defaultRequest", name);
    if (limit == nullptr || request == nullptr || api::allows_overcommit(name) || *limit == *request) return;
    errors.invalid(api::key(api::child(path_, "defaultRequest"), name), request->to_string(),
                   fmt::format("default value {} must equal to defaultRequest value {} in {}", limit->to_string(),
                               request->to_string(), name));
  }

  void validate_ratio(const std::string& name, api::FieldErrors& errors) const {
    const Quantity* ratio = amount("maxLimitRequestRatio", name);
    if (ratio == nullptr) return;
    const std::string path = api::key(api::child(path_, "maxLimitRequestRatio"), name);
    if (*ratio < Quantity::from_integer(1)) {
      errors.invalid(path, ratio->to_string(), "ratio " + ratio->to_string() + " is less than 1");
    }
    const Quantity* min = amount("min", name);
    const Quantity* max = amount("max", name);
    if (min == nullptr || max == nullptr || min->is_zero()) return;
    const bool exact =
        ratio->value() < kMaxMilliValue && min->value() < kMaxMilliValue && max->value() < kMaxMilliValue;
    const auto number = [&](const Quantity& quantity) {
      return static_cast<double>(exact ? quantity.milli_value() : quantity.value());
    };
    const double wanted = exact ? number(*ratio) / 1000 : number(*ratio);
    const double possible = number(*max) / number(*min);
    if (wanted > possible) {
      errors.invalid(path, ratio->to_string(),
                     fmt::format("ratio {} is greater than max/min = {:f}", ratio->to_string(), possible));
    }
  }

  const std::string type_;
  const std::string path_;
  std::map<std::string, ResourceAmounts, std::less<>> lists_;
};

class LimitRangeStrategy final : public Strategy {
 public:
  // What a container's limits and requests are when it sets none follows from the bounds.
  void apply_defaults(Json& object) const override {
    Json& limits = object["spec"]["limits"];
    for (Json& item : limits) {
      if (string_at(item, {"type"}) != "Container") continue;
      fill_in(item, "default", "max");
      fill_in(item, "defaultRequest", "default");
      fill_in(item, "defaultRequest", "min");
    }
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json* limits = find(object, {"spec", "limits"});
    if (limits == nullptr) return;
    std::set<std::string> types;
    for (std::size_t i = 0; i < limits->size(); ++i) {
      const Json& item = (*limits)[i];
      const std::string path = api::index("spec.limits", i);
      const std::string type = string_at(item, {"type"});
      validate_type(type, api::child(path, "type"), errors);
      if (!types.insert(type).second) errors.duplicate(api::child(path, "type"), type);
      Item(item, path).validate(errors);
    }
  }

  [[nodiscard]] bool allow_create_on_update() const override { return true; }
};

}  // namespace

Kind limit_range_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "LimitRange";
  kind.plural = "limitranges";
  kind.singular = "limitrange";
  kind.short_names = {"limits"};
  kind.versions = {served_version(catalog, "", "v1", "LimitRange")};
  kind.strategy = std::make_shared<LimitRangeStrategy>();
  kind.table = limit_range_table();
  return kind;
}

}  // namespace skiff::server
