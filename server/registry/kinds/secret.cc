#include "api/base/ids.h"
#include "api/views/meta.h"
#include "server/registry/kinds/data.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

constexpr const char* kServiceAccountName = "kubernetes.io/service-account.name";

void require_key(const Json& data, const char* name, api::FieldErrors& errors) {
  if (!data.contains(name)) errors.required(api::key("data", name));
}

// What Go's decoder says of text that is no JSON object, as far as its beginning tells; empty when it is one.
std::string json_problem(const std::string& text) {
  const auto parsed = parse_json(text);
  if (parsed && (parsed->value.is_object() || parsed->value.is_null())) return "";
  if (parsed) {
    const std::string type = parsed->value.is_boolean() ? "bool" : parsed->value.type_name();
    return "json: cannot unmarshal " + type + " into Go value of type map[string]interface {}";
  }
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return "unexpected end of JSON input";
  constexpr std::string_view kBeginnings = "{[\"-0123456789tfn";
  if (kBeginnings.find(text[start]) == std::string_view::npos) {
    return "invalid character '" + text.substr(start, 1) + "' looking for beginning of value";
  }
  return parsed.error().message;
}

// A key that must hold a JSON document, as container registries' credentials do.
void require_json(const Json& data, const char* name, api::FieldErrors& errors) {
  const auto found = data.find(name);
  if (found == data.end()) return errors.required(api::key("data", name));
  std::string bytes;
  const bool is_base64 = base64_decode(found->get<std::string>(), bytes);
  const std::string problem = is_base64 ? json_problem(bytes) : "illegal base64 data";
  if (!problem.empty()) errors.invalid(api::key("data", name), "<secret contents redacted>", problem);
}

void validate_type(const Json& object, const Json& data, api::FieldErrors& errors) {
  const std::string type = string_at(object, {"type"});
  if (type == "kubernetes.io/service-account-token") {
    const std::string* name = api::annotation_of(object, kServiceAccountName);
    if (name == nullptr || name->empty()) errors.required(api::key("metadata.annotations", kServiceAccountName));
  } else if (type == "kubernetes.io/dockercfg") {
    require_json(data, ".dockercfg", errors);
  } else if (type == "kubernetes.io/dockerconfigjson") {
    require_json(data, ".dockerconfigjson", errors);
  } else if (type == "kubernetes.io/basic-auth") {
    if (!data.contains("username") && !data.contains("password")) {
      require_key(data, "username", errors);
      require_key(data, "password", errors);
    }
  } else if (type == "kubernetes.io/ssh-auth") {
    if (string_at(data, {"ssh-privatekey"}).empty()) errors.required(api::key("data", "ssh-privatekey"));
  } else if (type == "kubernetes.io/tls") {
    require_key(data, "tls.crt", errors);
    require_key(data, "tls.key", errors);
  }
}

class SecretStrategy final : public Strategy {
 public:
  // stringData is for writing only: it is folded into data.
  void apply_defaults(Json& object) const override {
    const auto text = object.find("stringData");
    if (text == object.end()) return;
    Json data = data_member(object, "data");
    for (const auto& [name, value] : text->items()) data[name] = base64_encode(value.get_ref<const std::string&>());
    object.erase(text);
    if (!data.empty()) object["data"] = std::move(data);
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& data = data_member(object, "data");
    validate_data_keys(data, "data", errors);
    if (decoded_bytes(data) > kMaxDataBytes) errors.too_long("data", kMaxDataBytes);
    validate_type(object, data, errors);
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    validate_immutable_data(object, old_object, {"data"}, errors);
  }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"type", [](const Json& object) { return string_at(object, {"type"}); }}};
    return fields;
  }
};

}  // namespace

Kind secret_kind(const api::schema::Catalog& catalog) {
  Kind kind = plain_kind(served_version(catalog, "", "v1", "Secret"), "secrets", secret_table());
  kind.strategy = std::make_shared<SecretStrategy>();
  return kind;
}

}  // namespace skiff::server
