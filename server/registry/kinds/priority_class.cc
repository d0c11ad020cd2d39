#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

constexpr std::string_view kSystemPrefix = "system-";
constexpr std::int64_t kHighestUserValue = 1'000'000'000;

// What upstream makes at the start; nobody may have others with the prefix.
struct SystemClass {
  std::string_view name;
  std::int64_t value;
};
constexpr SystemClass kSystemClasses[] = {{"system-node-critical", 2 * kHighestUserValue + 1000},
                                          {"system-cluster-critical", 2 * kHighestUserValue}};

// Why the object is not the system class of its name; empty when it is.
std::string system_class_problem(const std::string& name, const Json& object) {
  for (const SystemClass& known : kSystemClasses) {
    if (known.name != name) continue;
    if (integer_at(object, {"value"}) != known.value) {
      return "value of " + name + " PriorityClass must be " + std::to_string(known.value);
    }
    if (bool_at(object, {"globalDefault"})) return "globalDefault of " + name + " PriorityClass must be false";
    return "";
  }
  return name + " is not a known system priority class";
}

class PriorityClassStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    const std::string name = api::name_of(object);
    if (name.starts_with(kSystemPrefix)) {
      if (const std::string problem = system_class_problem(name, object); !problem.empty()) {
        errors.forbidden(
            "metadata.name",
            "priority class names with 'system-' prefix are reserved for system use only. error: " + problem);
      }
    } else if (integer_at(object, {"value"}) > kHighestUserValue) {
      errors.forbidden("value",
                       "maximum allowed value of a user defined priority is " + std::to_string(kHighestUserValue));
    }
    const std::string policy = string_at(object, {"preemptionPolicy"});
    if (policy.empty()) {
      errors.required("preemptionPolicy");
    } else if (policy != "Never" && policy != "PreemptLowerPriority") {
      errors.not_supported("preemptionPolicy", policy, {"Never", "PreemptLowerPriority"});
    }
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    if (integer_at(object, {"value"}) != integer_at(old_object, {"value"})) {
      errors.forbidden("value", "may not be changed in an update.");
    }
  }
};

}  // namespace

Kind priority_class_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "PriorityClass";
  kind.plural = "priorityclasses";
  kind.singular = "priorityclass";
  kind.short_names = {"pc"};
  kind.namespaced = false;
  kind.versions = {served_version(catalog, "scheduling.k8s.io", "v1", "PriorityClass")};
  kind.strategy = std::make_shared<PriorityClassStrategy>();
  kind.table = priority_class_table();
  return kind;
}

}  // namespace skiff::server
