#include "api/schema/decode.h"

#include "server/registry/impl.h"

namespace skiff::server {

namespace {

// The parts of a document's apiVersion.
struct GroupVersion {
  std::string group, version;
};

GroupVersion split_api_version(const std::string& api_version) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string::npos) return GroupVersion{"", api_version};
  return GroupVersion{api_version.substr(0, slash), api_version.substr(slash + 1)};
}

// The Go package of a group's own types, which upstream's message about a wrong kind names.
std::string internal_package(const std::string& group) {
  if (group.empty()) return "core";
  return group.substr(0, group.find('.'));
}

std::string cannot_be_handled(const std::string& kind, const std::string& version, const ServedKind& expected,
                              const std::string& why) {
  return kind + " in version \"" + version + "\" cannot be handled as a " + expected.kind->kind + ": " + why;
}

// That the document is what belongs here, as far as it says what it is.
api::Result<void> check_type(const KindTable& kinds, const ServedKind& expected, const Json& document) {
  if (!document.is_object()) {
    return api::bad_request("the object provided is unrecognized (must be of type " + expected.kind->kind +
                            "): couldn't get version/kind; json parse error: json: cannot unmarshal " +
                            (document.is_array() ? "array" : document.type_name()) + " into an object");
  }
  const std::string expected_version = expected.version->api_version();
  const std::string api_version = string_at(document, {"apiVersion"}, expected_version);
  const std::string kind = string_at(document, {"kind"}, expected.kind->kind);
  if (api_version == expected_version && kind == expected.kind->kind) return {};

  const auto [group, version] = split_api_version(api_version);
  const ServedKind actual = kinds.find_by_kind(group, version, kind);
  if (!actual) {
    return api::bad_request(cannot_be_handled(kind, version, expected,
                                              "no kind \"" + kind + "\" is registered for version \"" + api_version +
                                                  "\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""));
  }
  if (actual.kind != expected.kind) {
    return api::bad_request(cannot_be_handled(kind, version, expected,
                                              "converting (" + version + "." + kind + ") to (" +
                                                  internal_package(expected.kind->group()) + "." + expected.kind->kind +
                                                  "): unknown conversion"));
  }
  return api::bad_request("the API version in the data (" + api_version +
                          ") does not match the expected API version (" + expected_version + ")");
}

// Unknown and repeated fields, as the client asked to be told.
api::Result<void> report_fields(CallContext& context, const ServedKind& kind, const WriteParams& params,
                                const std::vector<std::string>& unknown_fields) {
  if (params.field_validation == FieldValidation::kIgnore) return {};
  std::vector<std::string> findings = unknown_fields;
  for (const std::string& field : params.duplicate_fields) findings.push_back("duplicate field \"" + field + "\"");
  if (params.field_validation == FieldValidation::kWarn) {
    for (std::string& finding : findings) context.warn(std::move(finding));
    return {};
  }
  if (findings.empty()) return {};
  std::string list;
  for (const std::string& finding : findings) list += (list.empty() ? "" : ", ") + finding;
  return api::bad_request(
      cannot_be_handled(kind.kind->kind, kind.version->version, kind, "strict decoding error: " + list));
}

}  // namespace

api::Result<Json> Registry::Impl::decode(CallContext& context, const ServedKind& kind, Json document,
                                         const WriteParams& params) const {
  if (auto checked = check_type(kinds, kind, document); !checked) return checked.error();
  document["apiVersion"] = kind.version->api_version();
  document["kind"] = kind.kind->kind;
  auto decoded = api::schema::decode(*kind.version->type, std::move(document));
  if (!decoded) return decoded.error();
  if (auto reported = report_fields(context, kind, params, decoded->unknown_fields); !reported) {
    return reported.error();
  }
  Json object = std::move(decoded->object);
  api::schema::apply_defaults(*kind.version->type, object);
  if (kind.version->to_storage) kind.version->to_storage(object);
  object["apiVersion"] = kind.kind->storage_version().api_version();
  kind.kind->strategy->apply_defaults(object);
  return {boost::system::in_place_value, std::move(object)};
}

Json Registry::Impl::to_version(const ServedKind& kind, Json object) {
  if (kind.version->from_storage) kind.version->from_storage(object);
  object["apiVersion"] = kind.version->api_version();
  return object;
}

}  // namespace skiff::server
