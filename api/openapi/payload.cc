#include "api/openapi/payload.h"

namespace skiff::api::openapi {

Json payload_schema(const Payload& payload, Definitions& definitions) {
  switch (payload.shape) {
    case Payload::Shape::kType:
      return definitions.reference(*payload.type);
    case Payload::Shape::kList:
      return definitions.list_reference(*payload.type);
    case Payload::Shape::kPatch:
      return definitions.patch_reference();
    default:
      return Json{{"type", "string"}};
  }
}

Json request_media_types(const Operation& operation) {
  if (operation.body.shape == Payload::Shape::kPatch) {
    return Json::array({"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
                        "application/strategic-merge-patch+json"});
  }
  return Json::array({"*/*"});
}

Json response_media_types(const Operation& operation) {
  if (operation.response.shape == Payload::Shape::kText) return Json::array({"text/plain"});
  Json types = Json::array({"application/json", "application/yaml"});
  if (operation.response.shape == Payload::Shape::kList) types.push_back("application/json;stream=watch");
  return types;
}

std::string_view response_description(std::string_view code) {
  if (code == "201") return "Created";
  if (code == "202") return "Accepted";
  if (code == "401") return "Unauthorized";
  return "OK";
}

}  // namespace skiff::api::openapi
