#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

namespace skiff::api::protobuf {

struct Message;

// What stands behind one field number of a message.
struct NumberedField {
  std::string_view name;  // of the JSON member; empty for an inlined message
  // A message whose fields are members of the outer object in JSON (a Volume's source, a Probe's handler).
  std::unique_ptr<const Message> inlined;
};

// A type's fields by their numbers.
struct Message {
  std::map<std::uint32_t, NumberedField> fields;
};

// The numbers of a schema type ("io.k8s.api.core.v1.Pod"), or null. They are upstream's (generated.proto of its
// packages), never change, and live as long as the program.
[[nodiscard]] const Message* find_message(std::string_view full_name);

}  // namespace skiff::api::protobuf
