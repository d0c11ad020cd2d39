#include "api/schema/go_text.h"
#include "api/schema/merge.h"

namespace skiff::api::schema {
namespace {

void merge(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null()) {
      target.erase(name);
    } else {
      merge(target[name], value);
    }
  }
}

}  // namespace

Result<Json> apply_merge_patch(Json object, const Json& patch) {
  if (!patch.is_object()) {
    return bad_request("error decoding patch: json: cannot unmarshal " + internal::go_name_of_value(patch) +
                       " into Go value of type map[string]interface {}");
  }
  merge(object, patch);
  return Result<Json>(boost::system::in_place_value, std::move(object));
}

}  // namespace skiff::api::schema
