#pragma once

#include "api/base/json.h"
#include "api/base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The declarative description of every kind (DESIGN, idea 2). The texts in api/schemas/*.schema are compiled into the
// binary and read once at start; everything that treats objects generically (decode.h, defaults.h, validate.h, merge.h,
// the OpenAPI documents) walks these types. A custom resource's structural schema becomes the same types later.
//
// The language, one declaration per line, indentation by two spaces, `#` starts a comment:
//
//   package io.k8s.api.core.v1
//   import io.k8s.apimachinery.pkg.apis.meta.v1
//
//   type ContainerPort "A network port of a container."
//     containerPort  int32!  @3  min(1) max(65535)          "Port number inside the pod."
//     hostPort       int32   @2  omitzero min(0) max(65535) "Port number on the node."
//     name           string  @1  format(iana-svc-name)      "Name of the port, unique in the pod."
//     protocol       string  @4  = "TCP" enum(SCTP|TCP|UDP) "Transport protocol."
//
//   type PodSpec "..."
//     containers     []Container! map(name) merge(name)  "..."
//     nodeSelector   {}string atomic                     "..."
//     tolerations    []Toleration atomic                 "..."
//     volumes        []Volume map(name) merge(name) retainKeys "..."
//
//   kind Pod v1 "..."             # a type served as a group-version-kind; the second word is its apiVersion: apps/v1
//     metadata  ObjectMeta = {}   "..."   # the parser adds the fields apiVersion and kind with a fixed description
//     spec      PodSpec = {}      "..."
//
//   type LabelSelector atomic "..."         # everywhere it is used, server-side apply replaces it as a whole
//   kind Deployment apps/v1beta2 as io.k8s.api.apps.v1.Deployment "..."   # same fields, under a name of its own
//
// A field is: name, type, attributes, description. Types: string bool int32 int64 double bytes (base64 in JSON) time
// microtime duration quantity intorstring any (any JSON value) object (any JSON object); []T list; {}T map with string
// keys; the name of a type of the same package or of an imported one. Attributes:
//   !               required: absent or empty is "Required value"
//   = JSON          the default, put in when the field is absent; `= {}` on a struct: always present (upstream it is
//                   no pointer, and belongs to nobody in managedFields); `= null` on a time: present, null until it
//                   is set (upstream: a time that is not a pointer); validation passes it
//   always          upstream has no omitempty: present with its zero value ("", 0, false, {}; null for lists, maps and
//                   times) when not given, and OpenAPI calls it required, but no validation asks for it. The parser
//                   sets default_value to that zero value, keep_empty and always_present
//   enum(A|B)       the values allowed, in upstream's order of the message
//   min(N) max(N)   bounds of a number
//   minlen(N) maxlen(N)  bounds of a string's length or a list's number of items
//   format(F)       a string's format, one of the names in validate.h
//   omitzero        dropped when 0 or false (upstream: not a pointer, omitempty)
//   keep            the empty string, list or map is kept, dropped otherwise (upstream: a pointer, or no omitempty)
//   atomic set map(K,..)   how a list (or with atomic a map or struct) is merged by server-side apply; a list is
//                   atomic when nothing is said
//   unique          a second entry with the same map keys (or value) is "Duplicate value"; most lists may have them
//   merge(K) merge  strategic merge patch: a list merged by key K, or of scalars merged as a set
//   retainKeys      strategic merge patch strategy retainKeys, alone or with merge(K)
//   replace         strategic merge patch strategy replace: not merged although it is a struct or map
//   immutable       an update may not change it ("field is immutable")
//   @N              its number in protocol buffers, in upstream's generated.proto; @M.N when it is number N of a
//   message
//                   that is number M there and inlined in JSON (a Volume's source). api/protobuf reads by these
namespace skiff::api::schema {

enum class TypeKind {
  kString,
  kBool,
  kInt32,
  kInt64,
  kDouble,
  kBytes,
  kTime,
  kMicroTime,
  kDuration,
  kQuantity,
  kIntOrString,
  kAny,
  kObject,
  kList,
  kMap,
  kStruct,
};

struct Struct;

// A type where it is used: a scalar, a list or map of an element type, or a struct by reference.
struct Type {
  TypeKind kind = TypeKind::kAny;
  const Type* element = nullptr;      // of a list or map
  const Struct* structure = nullptr;  // of a struct
};

enum class ListType { kAtomic, kSet, kMap };

struct Field {
  std::string name;
  std::string description;
  Type type;
  std::size_t position = 0;  // among the fields as declared, which is the order of Go's
  bool required = false;
  bool omit_zero = false;
  bool keep_empty = false;
  bool always_present = false;
  bool immutable = false;
  bool atomic = false;  // of a map or struct
  std::optional<Json> default_value;
  std::vector<std::string> enum_values;
  std::optional<std::int64_t> minimum, maximum;
  std::optional<std::size_t> min_length, max_length;
  std::string format;
  ListType list_type = ListType::kAtomic;
  std::vector<std::string> list_map_keys;
  bool unique = false;
  bool patch_merge = false;
  std::string patch_merge_key;
  bool patch_retain_keys = false;
  bool patch_replace = false;
  std::uint32_t protobuf_number = 0;          // 0: not in protocol buffers, as a kind's apiVersion
  std::uint32_t protobuf_inlined_number = 0;  // of the inlined message that it is part of there; 0: of none
};

struct Struct {
  std::string full_name;  // "io.k8s.api.core.v1.Pod"
  std::string name;       // "Pod"
  std::string description;
  bool atomic = false;        // server-side apply replaces it as a whole
  std::vector<Field> fields;  // sorted by name
  // For `kind` declarations: the group ("" for core) and version it is served under; empty version otherwise.
  std::string group;
  std::string version;

  [[nodiscard]] const Field* find(std::string_view field_name) const;
  [[nodiscard]] bool is_kind() const { return !version.empty(); }
};

// All types. Immutable after parse, so it may be shared between threads; Struct pointers live as long as the catalog.
class Catalog {
 public:
  // Reads schema texts; kInvalid with "file:line: what" when one of them is wrong.
  struct Source {
    std::string_view file_name;
    std::string_view text;
  };
  [[nodiscard]] static skiff::Result<std::unique_ptr<const Catalog>> parse(std::span<const Source> sources);

  // The texts in api/schemas that were compiled in. They parse, or the build is broken.
  [[nodiscard]] static std::unique_ptr<const Catalog> builtin();

  virtual ~Catalog() = default;
  [[nodiscard]] virtual const Struct* find(std::string_view full_name) const = 0;
  [[nodiscard]] virtual const Struct* find_kind(std::string_view group, std::string_view version,
                                                std::string_view kind) const = 0;
  [[nodiscard]] virtual std::vector<const Struct*> all() const = 0;
};

}  // namespace skiff::api::schema
