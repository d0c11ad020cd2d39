#include "server/registry/record.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::string_view kRevisionMember = "resourceVersion";

std::size_t digits(store::Revision revision) { return std::to_string(revision).size(); }

// metadata with an empty resourceVersion at its place in the order of names.
void append_metadata(const Json& metadata, ObjectBytes& bytes) {
  std::string& out = bytes.value;
  bool placed = false;
  auto place = [&] {
    out += "\"resourceVersion\":\"";
    bytes.revision_offset = out.size();
    out += "\",";
    placed = true;
  };
  out += '{';
  for (const auto& [name, value] : metadata.items()) {
    if (name == kRevisionMember) continue;
    if (!placed && name > kRevisionMember) place();
    out += to_json_text(name) + ':' + to_json_text(value) + ',';
  }
  if (!placed) place();
  out.back() = '}';
}

}  // namespace

ObjectBytes to_bytes(const Json& object) {
  ObjectBytes bytes;
  bytes.value = "{";
  for (const auto& [name, value] : object.items()) {
    bytes.value += to_json_text(name) + ':';
    if (name == "metadata") {
      append_metadata(value, bytes);
    } else {
      bytes.value += to_json_text(value);
    }
    bytes.value += ',';
  }
  bytes.value.back() = '}';
  return bytes;
}

api::Result<Json> to_document(const store::Record& record) {
  auto parsed = parse_json(record.value);
  if (!parsed || !parsed->value.is_object()) {
    return api::internal_error("the record at " + record.key + " is not a JSON object");
  }
  return {boost::system::in_place_value, std::move(parsed->value)};
}

bool same_object(const store::Record& record, const ObjectBytes& bytes) {
  if (record.revision_offset != bytes.revision_offset) return false;
  const std::string_view stored = record.value;
  const std::size_t skipped = record.revision_offset + digits(record.mod_revision);
  return stored.substr(0, record.revision_offset) == std::string_view(bytes.value).substr(0, bytes.revision_offset) &&
         stored.substr(skipped) == std::string_view(bytes.value).substr(bytes.revision_offset);
}

store::RecordPtr with_revision(const store::Record& record, store::Revision revision) {
  auto copy = std::make_shared<store::Record>(record);
  copy->mod_revision = revision;
  if (copy->revision_offset != std::string::npos) {
    copy->value.replace(copy->revision_offset, digits(record.mod_revision), std::to_string(revision));
  }
  return copy;
}

}  // namespace skiff::server
