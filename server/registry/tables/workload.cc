#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

const Json& template_spec(const Json& object) {
  static const Json none = Json::object();
  const Json* spec = find(object, {"spec", "template", "spec"});
  return spec == nullptr ? none : *spec;
}

std::vector<Json> deployment_row(const Json& object, TimePoint now) {
  const std::string ready = std::to_string(integer_at(object, {"status", "readyReplicas"})) + "/" +
                            std::to_string(integer_at(object, {"spec", "replicas"}));
  return {name_cell(object),
          ready,
          integer_at(object, {"status", "updatedReplicas"}),
          integer_at(object, {"status", "availableReplicas"}),
          age_cell(object, now),
          container_names(template_spec(object)),
          container_images(template_spec(object)),
          selector_cell(object)};
}

std::vector<Json> replica_set_row(const Json& object, TimePoint now) {
  return {name_cell(object),
          integer_at(object, {"spec", "replicas"}),
          integer_at(object, {"status", "replicas"}),
          integer_at(object, {"status", "readyReplicas"}),
          age_cell(object, now),
          container_names(template_spec(object)),
          container_images(template_spec(object)),
          selector_cell(object)};
}

TableColumn integer_column(std::string name, std::string description) {
  TableColumn integer = column(std::move(name), std::move(description));
  integer.type = "integer";
  return integer;
}

}  // namespace

TableSpec deployment_table() {
  return TableSpec{{name_column(), column("Ready", "Pods that are ready, of those wanted."),
                    column("Up-to-date", "Pods made from the current template."),
                    column("Available", "Pods that have been ready for minReadySeconds."), age_column(),
                    wide_column("Containers", "Names of the containers in the template."),
                    wide_column("Images", "Images of the containers in the template."),
                    wide_column("Selector", "Labels of the pods that belong to it.")},
                   deployment_row};
}

TableSpec replica_set_table() {
  return TableSpec{{name_column(), integer_column("Desired", "Pods wanted."), integer_column("Current", "Pods there."),
                    integer_column("Ready", "Pods that are ready."), age_column(),
                    wide_column("Containers", "Names of the containers in the template."),
                    wide_column("Images", "Images of the containers in the template."),
                    wide_column("Selector", "Labels of the pods that belong to it.")},
                   replica_set_row};
}

}  // namespace skiff::server
