#pragma once

#include "api/base/json.h"
#include "api/status.h"
#include "store/store.h"

#include <cstddef>
#include <string>

// How an object becomes a record of the store and comes back.
namespace skiff::server {

// An object's bytes with an empty metadata.resourceVersion, and the place inside its quotes where the store puts the
// text.
struct ObjectBytes {
  std::string value;
  std::size_t revision_offset = std::string::npos;
};
[[nodiscard]] ObjectBytes to_bytes(const Json& object);

// The document of a record. kInternalError when the store holds what this server cannot have written.
[[nodiscard]] api::Result<Json> to_document(const store::Record& record);

// Whether writing `bytes` would change nothing but the resourceVersion.
[[nodiscard]] bool same_object(const store::Record& record, const ObjectBytes& bytes);

// The record with another resourceVersion: what a watcher is told about an object that leaves its selection.
[[nodiscard]] store::RecordPtr with_revision(const store::Record& record, store::Revision revision);

}  // namespace skiff::server
