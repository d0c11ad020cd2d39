#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

// How upstream prints a Scale.
const TableSpec& scale_table() {
  static const TableSpec table = [] {
    TableSpec spec;
    spec.columns = {{"Name", "string", "name", "Name of the object.", 0},
                    {"Desired", "integer", "", "Number of replicas asked for.", 0},
                    {"Available", "integer", "", "Number of replicas that exist.", 0},
                    {"Age", "string", "", "Time since the object was created.", 0}};
    spec.row = [](const Json& scale, TimePoint now) {
      const auto created = parse_time(string_at(scale, {"metadata", "creationTimestamp"}));
      const std::string age =
          created ? human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *created)) : "<unknown>";
      return std::vector<Json>{string_at(scale, {"metadata", "name"}), integer_at(scale, {"spec", "replicas"}),
                               integer_at(scale, {"status", "replicas"}), age};
    };
    return spec;
  }();
  return table;
}

}  // namespace

api::Result<std::vector<Slice>> render_scale(const ResourceCall& call, const store::RecordPtr& record) {
  return call.rendering().derived(call.registry.scale_of(call.kind, *record), scale_table());
}

}  // namespace skiff::server
