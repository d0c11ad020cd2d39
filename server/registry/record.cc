#include "server/registry/record.h"

#include "api/base/json_text.h"

namespace skiff::server {

namespace {

constexpr std::string_view kManagersMember = "managedFields";
constexpr std::string_view kRevisionMember = "resourceVersion";

std::size_t digits(store::Revision revision) { return std::to_string(revision).size(); }

// metadata with the managers and an empty resourceVersion at their places in the order of names.
void append_metadata(const Json& metadata, std::string_view managed_fields, ObjectBytes& bytes) {
  std::string& out = bytes.value;
  const auto append = [&out](const Json::const_iterator& member) {
    append_json_string(out, member.key());
    out += ':';
    append_json_text(out, *member);
    out += ',';
  };
  out += '{';
  auto member = metadata.begin();
  for (; member != metadata.end() && member.key() < kManagersMember; ++member) append(member);
  if (!managed_fields.empty()) out.append("\"managedFields\":").append(managed_fields).append(",");
  for (; member != metadata.end() && member.key() < kRevisionMember; ++member) append(member);
  out += "\"resourceVersion\":\"";
  bytes.revision_offset = out.size();
  out += "\",";
  for (; member != metadata.end(); ++member) {
    if (member.key() != kRevisionMember) append(member);
  }
  out.back() = '}';
}

api::Result<Json> parsed(const store::Record& record, std::string_view text) {
  auto document = parse_json(text);
  if (!document || !document->value.is_object()) {
    return api::internal_error("the record at " + record.key + " is not a JSON object");
  }
  return {boost::system::in_place_value, std::move(document->value)};
}

}  // namespace

ObjectBytes to_bytes(const Json& object, std::string_view managed_fields) {
  ObjectBytes bytes;
  bytes.value = "{";
  for (const auto& [name, value] : object.items()) {
    append_json_string(bytes.value, name);
    bytes.value += ':';
    if (name == "metadata") {
      append_metadata(value, managed_fields, bytes);
    } else {
      append_json_text(bytes.value, value);
    }
    bytes.value += ',';
  }
  bytes.value.back() = '}';
  return bytes;
}

api::Result<Json> to_document(const store::Record& record) { return parsed(record, record.value); }

api::Result<Json> to_bare_document(const store::Record& record) {
  const std::string_view managed_fields = managed_fields_of(record);
  if (managed_fields.empty()) return to_document(record);
  // `"managedFields":[...],` goes; resourceVersion stands behind it at the latest.
  const std::string_view text = record.value;
  const auto value = static_cast<std::size_t>(managed_fields.data() - text.data());
  const std::size_t begin = value - kManagersMember.size() - 3;
  std::string bare(text.substr(0, begin));
  bare += text.substr(value + managed_fields.size() + 1);
  return parsed(record, bare);
}

std::string_view managed_fields_of(const store::Record& record) {
  return json_text_member(json_text_member(record.value, "metadata"), kManagersMember);
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
