#pragma once

#include "api/client.h"
#include "api/status.h"
#include "server/http/http.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::server {

inline constexpr std::string_view kJsonType = "application/json";
// Of Table, PartialObjectMetadata, Status and the options of requests.
inline constexpr std::string_view kMetaGroup = "meta.k8s.io";

// Protocol buffers are understood, but never written.
enum class Encoding { kJson, kYaml, kProtobuf };

// In which shape an answer shows its object or list.
enum class Shape { kObject, kTable, kPartialMetadata, kPartialMetadataList };

// How much of each object a Table carries along with its cells.
enum class IncludeObject { kMetadata, kNone, kObject };

struct OutputFormat {
  Encoding encoding = Encoding::kJson;
  Shape shape = Shape::kObject;
  std::string shape_version;  // of meta.k8s.io: "v1" or "v1beta1"; empty for Shape::kObject
  IncludeObject include_object = IncludeObject::kMetadata;
  bool pretty = false;
};

// One alternative of an Accept header, "application/json;as=Table;v=v1;g=meta.k8s.io;q=0.5".
struct AcceptClause {
  std::string type;     // "application"
  std::string subtype;  // "json"
  std::map<std::string, std::string> parameters;
  double quality = 1;

  [[nodiscard]] bool covers(std::string_view media_type) const;
  [[nodiscard]] std::string parameter(const std::string& name) const;
};

// The alternatives, best first; those of equal quality in the client's order.
[[nodiscard]] std::vector<AcceptClause> parse_accept(std::string_view header);

// What to answer with, from the Accept header and the parameters `pretty` and `includeObject`. kNotAcceptable when the
// client takes nothing that we have (only protobuf, say); a client that sends no Accept header gets JSON.
[[nodiscard]] api::Result<OutputFormat> negotiate_output(const Request& request);
// The same for a watch, which has no YAML form.
[[nodiscard]] api::Result<OutputFormat> negotiate_watch_output(const Request& request);

// How the body is written, from Content-Type; JSON when that is absent. kUnsupportedMediaType.
[[nodiscard]] api::Result<Encoding> negotiate_input(const Request& request);

// Which patch the body is, from Content-Type. kUnsupportedMediaType.
[[nodiscard]] api::Result<api::PatchType> negotiate_patch(const Request& request);

}  // namespace skiff::server
