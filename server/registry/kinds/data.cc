#include "server/registry/kinds/data.h"

#include "api/schema/validate.h"

namespace skiff::server {

namespace {

constexpr const char* kMarkedImmutable = "field is immutable when `immutable` is set";

}  // namespace

const Json& data_member(const Json& object, const char* name) {
  static const Json none = Json::object();
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : none;
}

void validate_data_keys(const Json& data, std::string_view path, api::FieldErrors& errors) {
  for (const auto& [name, value] : data.items()) {
    api::schema::validate_format("config-map-key", name, api::key(path, name), errors);
  }
}

void validate_immutable_data(const Json& object, const Json& old_object, std::initializer_list<const char*> members,
                             api::FieldErrors& errors) {
  if (!bool_at(old_object, {"immutable"})) return;
  if (!bool_at(object, {"immutable"})) errors.forbidden("immutable", kMarkedImmutable);
  for (const char* member : members) {
    if (data_member(object, member) != data_member(old_object, member)) errors.forbidden(member, kMarkedImmutable);
  }
}

std::size_t text_bytes(const Json& data) {
  std::size_t bytes = 0;
  for (const Json& value : data) bytes += value.get_ref<const std::string&>().size();
  return bytes;
}

std::size_t decoded_bytes(const Json& data) {
  std::size_t bytes = 0;
  for (const Json& value : data) {
    const std::string& text = value.get_ref<const std::string&>();
    const std::size_t padding = text.size() - (text.find_last_not_of('=') + 1);
    bytes += text.size() / 4 * 3 - padding;
  }
  return bytes;
}

}  // namespace skiff::server
