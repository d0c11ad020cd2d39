#include "api/selector.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

const Json* template_labels(const Json& object) { return find(object, {"spec", "template", "metadata", "labels"}); }

// spec.selector, a plain map of labels, as a selector.
std::optional<api::LabelSelector> selector_of(const Json& object) {
  const Json* labels = find(object, {"spec", "selector"});
  if (labels == nullptr || labels->empty()) return std::nullopt;
  auto selector = api::LabelSelector::from_object(Json{{"matchLabels", *labels}});
  if (!selector) return std::nullopt;
  return std::move(*selector);
}

void set_if_empty(Json& parent, const char* name, const Json& labels) {
  if (const auto own = parent.find(name); own == parent.end() || own->empty()) parent[name] = labels;
}

class ReplicationControllerStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    default_template(object);
    const Json* found = template_labels(object);
    if (found == nullptr || found->empty()) return;
    const Json labels = *found;
    set_if_empty(object["spec"], "selector", labels);
    set_if_empty(object["metadata"], "labels", labels);
  }

  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    object["status"] = Json{{"replicas", 0}};
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const auto selector = selector_of(object);
    if (!selector) errors.required("spec.selector");
    if (find(object, {"spec", "template"}) == nullptr) return errors.required("spec.template");
    const Json* found = template_labels(object);
    const Json labels = found == nullptr ? Json() : *found;
    if (selector) validate_template_match(Json{{"matchLabels", object.at("spec").at("selector")}}, labels, errors);
    validate_lasting_template(object, "ReplicationController", errors);
  }

  void validate_status_update(const Json& object, const Json&, api::FieldErrors& errors) const override {
    validate_replica_counts(object, errors);
  }

  [[nodiscard]] bool counts_generation() const override { return true; }
  [[nodiscard]] bool orphans_dependents() const override { return true; }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"status.replicas", [](const Json& object) {
           return std::to_string(integer_at(object, {"status", "replicas"}));
         }}};
    return fields;
  }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    warn_of_workload(object, old_object, true, warnings);
  }
};

}  // namespace

Kind replication_controller_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "ReplicationController";
  kind.plural = "replicationcontrollers";
  kind.singular = "replicationcontroller";
  kind.short_names = {"rc"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.scale = ScaleSpec{[](const Json& object) {
    const auto selector = selector_of(object);
    return selector ? selector->to_string() : std::string();
  }};
  kind.versions = {served_version(catalog, "", "v1", "ReplicationController")};
  kind.strategy = std::make_shared<ReplicationControllerStrategy>();
  kind.table = replication_controller_table();
  return kind;
}

}  // namespace skiff::server
