#pragma once

#include "api/base/clock.h"
#include "api/status.h"
#include "server/handlers/negotiation.h"
#include "server/http/http.h"
#include "server/registry/registry.h"

#include <string>
#include <vector>

namespace skiff::server {

// Turns records into the documents that clients get, in the shape that they asked for: the object itself (the stored
// bytes, shared), a Table, or PartialObjectMetadata. Holds no state; the registry outlives it.
class Rendering {
 public:
  Rendering(const Registry& registry, ServedKind kind, OutputFormat format);

  // kNotAcceptable when a list's shape was asked for, which single objects (of events, too) do not have.
  [[nodiscard]] api::Result<void> check_single() const;
  // One object as a document. Errors as check_single().
  [[nodiscard]] api::Result<std::vector<Slice>> object(const store::RecordPtr& record) const;
  // A document that is derived from a record (a Scale), with the table that shows it.
  [[nodiscard]] api::Result<std::vector<Slice>> derived(const Json& document, const TableSpec& table) const;
  // A list of such documents, which lack kind and apiVersion there.
  [[nodiscard]] api::Result<std::vector<Slice>> derived_list(const std::string& kind, const std::string& api_version,
                                                             const std::vector<Json>& documents,
                                                             const TableSpec& table) const;
  // {"kind":"PodList",...,"items":[...]} or its Table or PartialObjectMetadataList.
  [[nodiscard]] api::Result<std::vector<Slice>> list(const ListPage& page) const;
  // The object of a watch event. Of a watch's tables only the first describes the columns.
  void append_watched(const store::RecordPtr& record, bool with_columns, std::vector<Slice>& out) const;
  // The object of a bookmark, which has nothing but a resourceVersion and perhaps annotations. A table shows it as any
  // other object, in a row of what the columns make of nothing.
  void append_bookmark(store::Revision revision, bool initial_events_end, bool with_columns,
                       std::vector<Slice>& out) const;

  [[nodiscard]] bool as_table() const { return format_.shape == Shape::kTable; }

 private:
  struct Item;
  struct ListHead;
  [[nodiscard]] std::string meta_api_version() const { return "meta.k8s.io/" + format_.shape_version; }
  [[nodiscard]] std::string partial_metadata(const Json& object) const;
  [[nodiscard]] Item item_of(const store::RecordPtr& record) const;
  [[nodiscard]] Slice bytes_of(const Item& item) const;
  void append_row(const Item& item, const TableSpec& table, TimePoint now, std::vector<Slice>& out) const;
  void append_table_head(const std::string& metadata, const TableSpec& table, bool with_columns,
                         std::vector<Slice>& out) const;
  void append_list_head(const ListHead& head, const TableSpec& table, std::vector<Slice>& out) const;
  void append_element(const Item& item, const TableSpec& table, TimePoint now, std::vector<Slice>& out) const;
  void append_item(const Item& item, const TableSpec& table, bool with_columns, std::vector<Slice>& out) const;

  const Registry& registry_;
  ServedKind kind_;
  OutputFormat format_;
};

}  // namespace skiff::server
