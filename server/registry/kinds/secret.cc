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

// A key that must hold a JSON document, as container registries' credentials do.
void require_json(const Json& data, const char* name, api::FieldErrors& errors) {
  const auto found = data.find(name);
  if (found == data.end()) return errors.required(api::key("data", name));
  std::string bytes;
  if (!base64_decode(found->get<std::string>(), bytes) || !parse_json(bytes)) {
    errors.invalid(api::key("data", name), "<secret contents redacted>", "invalid character in JSON");
  }
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
    require_key(data, "ssh-privatekey", errors);
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
  Kind kind;
  kind.kind = "Secret";
  kind.plural = "secrets";
  kind.singular = "secret";
  kind.versions = {served_version(catalog, "", "v1", "Secret")};
  kind.strategy = std::make_shared<SecretStrategy>();
  kind.table = secret_table();
  return kind;
}

}  // namespace skiff::server
