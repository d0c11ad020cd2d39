#pragma once

#include "api/base/json.h"
#include "api/base/result.h"
#include "api/schema/schema.h"

#include <string_view>

namespace skiff::api::protobuf {

// Reads a request's body in Kubernetes' protocol buffer form (application/vnd.kubernetes.protobuf), which client-go
// sends since v1.32, as the JSON document that the client would otherwise have sent: four bytes "k8s\0", then a
// runtime.Unknown with the object's apiVersion, kind and bytes. The field numbers are the schema's. An object of a kind
// that `catalog` does not know comes out with nothing but apiVersion and kind, for the caller to refuse. Empty values
// are in the document, as the form does not tell them from absent ones; the schema's decode() drops them. Unknown
// fields are passed over.
//
// kInvalid, in the words of upstream's decoder, when the bytes are not of this form: cut off, of another wire type than
// the field's, not UTF-8, without a kind, or of a time that the clock cannot hold.
//
// Only this direction exists: answers are JSON, which every client takes.
[[nodiscard]] skiff::Result<Json> decode(std::string_view body, const schema::Catalog& catalog);

}  // namespace skiff::api::protobuf
