#pragma once

#include "api/base/json.h"
#include "api/status.h"
#include "store/store.h"

#include <cstddef>
#include <string>
#include <string_view>

// How an object becomes a record of the store and comes back.
namespace skiff::server {

// An object's bytes with an empty metadata.resourceVersion, and the place inside its quotes where the store puts the
// text. Its metadata.managedFields goes beside the document as the text of a list, which most writes only pass on;
// nothing when there are none.
struct ObjectBytes {
  std::string value;
  std::size_t revision_offset = std::string::npos;
};
[[nodiscard]] ObjectBytes to_bytes(const Json& object, std::string_view managed_fields);

// The document of a record. kInternalError when the store holds what this server cannot have written.
[[nodiscard]] api::Result<Json> to_document(const store::Record& record);
// The same without metadata.managedFields, which are as large as the rest and of no use inside of the server.
[[nodiscard]] api::Result<Json> to_bare_document(const store::Record& record);
// Those, as text; a view into the record, empty when there are none.
[[nodiscard]] std::string_view managed_fields_of(const store::Record& record);

// Whether writing `bytes` would change nothing but the resourceVersion.
[[nodiscard]] bool same_object(const store::Record& record, const ObjectBytes& bytes);

// The record with another resourceVersion: what a watcher is told about an object that leaves its selection.
[[nodiscard]] store::RecordPtr with_revision(const store::Record& record, store::Revision revision);

}  // namespace skiff::server
