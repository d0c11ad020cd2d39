#include "server/handlers/rendering.h"

#include "api/base/check.h"
#include "server/handlers/responses.h"
#include "server/handlers/text.h"

#include <utility>

namespace skiff::server {

// An object that is shown: as it is stored, or a document that is stored nowhere.
struct Rendering::Item {
  Json object;  // in the storage version
  store::RecordPtr record;
};

struct Rendering::ListHead {
  std::string kind;
  std::string api_version;
  std::string metadata;
};

namespace {

api::Status not_renderable(std::string message) {
  api::Status status;
  status.reason = api::Reason::kNotAcceptable;
  status.message = std::move(message);
  return status;
}

api::Status no_list(const std::string& kind) {
  return not_renderable("you requested PartialObjectMetadata, but the requested object is a list (*" + kind + "List)");
}

std::string list_metadata(const ListPage& page) {
  std::string text = "{\"resourceVersion\":" + to_json_text(Json(page.resource_version));
  if (!page.continue_token.empty()) text += ",\"continue\":" + to_json_text(Json(page.continue_token));
  if (page.remaining_item_count) text += ",\"remainingItemCount\":" + std::to_string(*page.remaining_item_count);
  return text + "}";
}

std::string columns_of(const TableSpec& table) {
  Json columns = Json::array();
  for (const TableColumn& column : table.columns) {
    columns.push_back({{"name", column.name},
                       {"type", column.type},
                       {"format", column.format},
                       {"description", column.description},
                       {"priority", column.priority}});
  }
  return to_json_text(columns);
}

const Json& metadata_of(const Json& object) {
  static const Json kNone = Json::object();
  const Json* metadata = find(object, {"metadata"});
  return metadata != nullptr ? *metadata : kNone;
}

// What an object of the type has even when nobody gave it anything: {"spec":{},"status":{}}.
Json empty_structs_of(const api::schema::Struct& type) {
  Json object = Json::object();
  for (const api::schema::Field& field : type.fields) {
    if (field.type.kind == api::schema::TypeKind::kStruct && field.default_value) object[field.name] = Json::object();
  }
  return object;
}

void append_separator(bool& first, std::vector<Slice>& out) {
  if (!std::exchange(first, false)) out.push_back(Slice::literal(","));
}

}  // namespace

Rendering::Rendering(const Registry& registry, ServedKind kind, OutputFormat format)
    : registry_(registry), kind_(kind), format_(std::move(format)) {}

api::Result<std::vector<Slice>> Rendering::object(const store::RecordPtr& record) const {
  std::vector<Slice> out;
  if (format_.shape == Shape::kObject) {
    out.push_back(share(registry_.encode(kind_, record)));
    return out;
  }
  if (auto possible = check_single(); !possible) return possible.error();
  append_item(item_of(record), kind_.kind->table, true, out);
  return out;
}

api::Result<void> Rendering::check_single() const {
  if (format_.shape != Shape::kPartialMetadataList) return {};
  return not_renderable("you requested PartialObjectMetadataList, but the requested object is not a list (*" +
                        internal_package(kind_.kind->group()) + "." + kind_.kind->kind + ")");
}

api::Result<std::vector<Slice>> Rendering::derived(const Json& document, const TableSpec& table) const {
  if (format_.shape == Shape::kPartialMetadataList) {
    return not_renderable("you requested PartialObjectMetadataList, but the requested object is not a list (*" +
                          string_at(document, {"kind"}) + ")");
  }
  std::vector<Slice> out;
  append_item({document, nullptr}, table, true, out);
  return out;
}

api::Result<std::vector<Slice>> Rendering::derived_list(const std::string& kind, const std::string& api_version,
                                                        const std::vector<Json>& documents,
                                                        const TableSpec& table) const {
  if (format_.shape == Shape::kPartialMetadata) return no_list(kind);
  std::vector<Slice> out;
  append_list_head({kind, api_version, "{}"}, table, out);
  const TimePoint now = registry_.clock().now();
  bool first = true;
  for (const Json& document : documents) {
    append_separator(first, out);
    append_element({document, nullptr}, table, now, out);
  }
  out.push_back(Slice::literal("]}"));
  return out;
}

api::Result<std::vector<Slice>> Rendering::list(const ListPage& page) const {
  if (format_.shape == Shape::kPartialMetadata) {
    return no_list(internal_package(kind_.kind->group()) + "." + kind_.kind->kind);
  }
  const TableSpec& table = kind_.kind->table;
  std::vector<Slice> out;
  out.reserve(2 * page.records.size() + 2);
  append_list_head({kind_.kind->kind, kind_.version->api_version(), list_metadata(page)}, table, out);
  const TimePoint now = registry_.clock().now();
  bool first = true;
  for (const store::RecordPtr& record : page.records) {
    append_separator(first, out);
    if (format_.shape == Shape::kObject) {
      out.push_back(share(registry_.encode(kind_, record)));  // without a look inside
    } else {
      append_element(item_of(record), table, now, out);
    }
  }
  out.push_back(Slice::literal("]}"));
  return out;
}

void Rendering::append_watched(const store::RecordPtr& record, bool with_columns, std::vector<Slice>& out) const {
  if (format_.shape == Shape::kObject) {
    out.push_back(share(registry_.encode(kind_, record)));
    return;
  }
  append_item(item_of(record), kind_.kind->table, with_columns, out);
}

void Rendering::append_bookmark(store::Revision revision, bool initial_events_end, bool with_columns,
                                std::vector<Slice>& out) const {
  Json metadata = {{"resourceVersion", std::to_string(revision)}, {"creationTimestamp", nullptr}};
  if (initial_events_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  Item item;
  item.object = empty_structs_of(*kind_.version->type);
  item.object["kind"] = kind_.kind->kind;
  item.object["apiVersion"] = kind_.version->api_version();
  item.object["metadata"] = std::move(metadata);
  append_item(item, kind_.kind->table, with_columns, out);
}

std::string Rendering::partial_metadata(const Json& object) const {
  return "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"" + meta_api_version() +
         "\",\"metadata\":" + to_json_text(metadata_of(object)) + "}";
}

Rendering::Item Rendering::item_of(const store::RecordPtr& record) const {
  Item item{Json::parse(record->value, nullptr, false), record};
  CHECK_INVARIANT(!item.object.is_discarded());
  return item;
}

Slice Rendering::bytes_of(const Item& item) const {
  return item.record ? share(registry_.encode(kind_, item.record)) : Slice::of(to_json_text(item.object));
}

void Rendering::append_row(const Item& item, const TableSpec& table, TimePoint now, std::vector<Slice>& out) const {
  std::string head = "{\"cells\":" + to_json_text(Json(table.row(item.object, now))) + ",\"object\":";
  switch (format_.include_object) {
    case IncludeObject::kMetadata:
      out.push_back(Slice::of(std::move(head) + partial_metadata(item.object) + "}"));
      return;
    case IncludeObject::kNone:
      out.push_back(Slice::of(std::move(head) + "null}"));
      return;
    case IncludeObject::kObject:
      out.push_back(Slice::of(std::move(head)));
      out.push_back(bytes_of(item));
      out.push_back(Slice::literal("}"));
      return;
  }
}

// Upstream's columnDefinitions are null where they are left out.
void Rendering::append_table_head(const std::string& metadata, const TableSpec& table, bool with_columns,
                                  std::vector<Slice>& out) const {
  out.push_back(Slice::of("{\"kind\":\"Table\",\"apiVersion\":\"" + meta_api_version() + "\",\"metadata\":" + metadata +
                          ",\"columnDefinitions\":" + (with_columns ? columns_of(table) : "null") + ",\"rows\":["));
}

// The head of a list in any shape; behind its elements comes "]}".
void Rendering::append_list_head(const ListHead& head, const TableSpec& table, std::vector<Slice>& out) const {
  if (format_.shape == Shape::kTable) return append_table_head(head.metadata, table, true, out);
  const bool partial = format_.shape == Shape::kPartialMetadataList;
  out.push_back(Slice::of("{\"kind\":\"" + (partial ? "PartialObjectMetadataList" : head.kind + "List") +
                          "\",\"apiVersion\":\"" + (partial ? meta_api_version() : head.api_version) +
                          "\",\"metadata\":" + head.metadata + ",\"items\":["));
}

void Rendering::append_element(const Item& item, const TableSpec& table, TimePoint now, std::vector<Slice>& out) const {
  switch (format_.shape) {
    case Shape::kTable:
      append_row(item, table, now, out);
      return;
    case Shape::kPartialMetadata:
    case Shape::kPartialMetadataList:
      out.push_back(Slice::of(partial_metadata(item.object)));
      return;
    case Shape::kObject:
      out.push_back(bytes_of(item));
      return;
  }
}

void Rendering::append_item(const Item& item, const TableSpec& table, bool with_columns,
                            std::vector<Slice>& out) const {
  switch (format_.shape) {
    case Shape::kObject:
    case Shape::kPartialMetadataList:
      out.push_back(bytes_of(item));
      return;
    case Shape::kPartialMetadata:
      out.push_back(Slice::of(partial_metadata(item.object)));
      return;
    case Shape::kTable: {
      const Json version = string_at(item.object, {"metadata", "resourceVersion"});
      append_table_head("{\"resourceVersion\":" + to_json_text(version) + "}", table, with_columns, out);
      append_row(item, table, registry_.clock().now(), out);
      out.push_back(Slice::literal("]}"));
      return;
    }
  }
}

}  // namespace skiff::server
