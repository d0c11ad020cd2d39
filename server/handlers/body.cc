#include "server/handlers/body.h"

#include "api/base/check.h"
#include "api/protobuf/decode.h"
#include "api/schema/decode.h"
#include "server/handlers/negotiation.h"

namespace skiff::server {
namespace {

// How much of a body that is not recognized is quoted in the message.
constexpr std::size_t kSummaryLength = 30;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// As upstream quotes a body: the beginning as it is when it looks like JSON, else in hexadecimal.
std::string summary_of(std::string_view body) {
  if (body.empty()) return "<empty>";
  const std::string_view start = body.substr(0, kSummaryLength);
  const std::string more = body.size() > kSummaryLength ? " ..." : "";
  return (body.front() == '{' ? std::string(start) : hex(start)) + more;
}

api::Status unrecognized(const Request& request, std::string_view kind, const std::string& why) {
  return api::bad_request("the object provided is unrecognized (must be of type " + std::string(kind) + "): " + why +
                          " (" + summary_of(request.body) + ")");
}

// Of a text, upstream looks for the kind first.
std::string json_problem(const std::string& why) { return "couldn't get version/kind; json parse error: " + why; }

std::string type_in_go(const Json& value) { return value.is_boolean() ? "bool" : value.type_name(); }

Result<ParsedJson> parse(std::string_view text, Encoding encoding) {
  if (text.empty()) return Error{ErrorCode::kInvalid, "unexpected end of JSON input"};
  return encoding == Encoding::kYaml ? parse_yaml(text) : parse_json(text);
}

Result<ParsedJson> parse(std::string_view text, Encoding encoding, const api::schema::Catalog& catalog) {
  if (encoding != Encoding::kProtobuf) return parse(text, encoding);
  Result<Json> document = api::protobuf::decode(text, catalog);
  if (!document) return document.error();
  return ParsedJson{std::move(*document), {}};
}

// The document in the type's shape, with its defaults.
api::Result<Json> decoded(const api::schema::Struct& type, Json document) {
  document["kind"] = type.name;
  document["apiVersion"] = type.group.empty() ? type.version : type.group + "/" + type.version;
  api::Result<api::schema::Decoded> decoded = api::schema::decode(type, std::move(document));
  if (!decoded) return decoded.error();
  Json object = std::move(decoded->object);
  api::schema::apply_defaults(type, object);
  return api::Result<Json>(boost::system::in_place_value, std::move(object));
}

}  // namespace

api::Result<Body> read_body(const Request& request, std::string_view kind, const api::schema::Catalog& catalog) {
  const api::Result<Encoding> encoding = negotiate_input(request);
  if (!encoding) return encoding.error();
  Result<ParsedJson> parsed = parse(request.body, *encoding, catalog);
  if (!parsed) {
    const std::string& why = parsed.error().message;
    return unrecognized(request, kind, *encoding == Encoding::kProtobuf ? why : json_problem(why));
  }
  if (!parsed->value.is_object()) {
    return unrecognized(
        request, kind,
        json_problem("json: cannot unmarshal " + type_in_go(parsed->value) +
                     " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
                     "Kind string \"json:\\\"kind,omitempty\\\"\" }"));
  }
  return Body{std::move(parsed->value), std::move(parsed->duplicate_fields)};
}

api::Result<Json> read_body_as(const Request& request, const api::schema::Struct& type,
                               const api::schema::Catalog& catalog) {
  return read_body_as(request, {&type}, catalog);
}

api::Result<Json> read_body_as(const Request& request, std::initializer_list<const api::schema::Struct*> types,
                               const api::schema::Catalog& catalog) {
  const api::schema::Struct& first = **types.begin();
  api::Result<Body> body = read_body(request, first.name, catalog);
  if (!body) return body.error();
  auto version_of = [](const api::schema::Struct& type) {
    return type.group.empty() ? type.version : type.group + "/" + type.version;
  };
  const std::string kind = string_at(body->document, {"kind"}, first.name);
  const std::string api_version = string_at(body->document, {"apiVersion"}, version_of(first));
  for (const api::schema::Struct* type : types) {
    if (kind == type->name && api_version == version_of(*type)) return decoded(*type, std::move(body->document));
  }
  const std::string version = api_version.substr(api_version.find('/') + 1);
  return api::bad_request(kind + " in version \"" + version + "\" cannot be handled as a " + first.name +
                          ": no kind \"" + kind + "\" is registered for version \"" + api_version +
                          "\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"");
}

api::Result<Body> read_patch(const Request& request, api::PatchType type) {
  const Encoding encoding = type == api::PatchType::kApply ? Encoding::kYaml : Encoding::kJson;
  std::string what;
  if (type == api::PatchType::kApply) what = "error decoding YAML: ";
  if (type == api::PatchType::kJson || type == api::PatchType::kMerge) what = "error decoding patch: ";
  Result<ParsedJson> parsed = parse(request.body, encoding);
  if (!parsed) return api::bad_request(what + parsed.error().message);
  if (type == api::PatchType::kApply && !parsed->value.is_object()) {
    return api::bad_request(what + "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                            type_in_go(parsed->value) + " into Go value of type map[string]interface {}");
  }
  return Body{std::move(parsed->value), std::move(parsed->duplicate_fields)};
}

api::Result<DeleteQuery> read_delete_options(const Request& request, const api::schema::Catalog& catalog) {
  if (request.body.empty()) return delete_query(request);
  api::Result<Body> body = read_body(request, "DeleteOptions", catalog);
  if (!body) return body.error();
  // Upstream knows the kind in every group, for clients of before meta.k8s.io, so the version is not looked at.
  if (string_at(body->document, {"kind"}, "DeleteOptions") != "DeleteOptions") {
    return api::bad_request("decoded object cannot be converted to DeleteOptions");
  }
  const api::schema::Struct* type = catalog.find_kind("", "v1", "DeleteOptions");
  CHECK_INVARIANT(type != nullptr);
  const api::Result<Json> document = decoded(*type, std::move(body->document));
  if (!document) return document.error();
  return delete_query_of(*document);
}

}  // namespace skiff::server
