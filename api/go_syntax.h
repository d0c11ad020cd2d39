#pragma once

#include "api/base/json.h"

#include <string>
#include <string_view>

// Values as Go's verb %#v prints them, which is how the messages of validation show lists and structs up to v1.33.
// Where Go shows the address of a pointer we show what it points to. For values whose schema type is at hand there is
// api/schema/go_text.h. Plain functions of values; absent (null) members read as Go's zero values.
namespace skiff::api {

// map[string]string{"a":"b"}
[[nodiscard]] std::string go_string_map(const Json& map);
// []string{"a", "b"}, or a list of another type that is a string: []core.ResourceQuotaScope{"BestEffort"}
[[nodiscard]] std::string go_string_list(const Json& list, std::string_view type = "string");
// v1.LabelSelector{MatchLabels:map[string]string{"a":"b"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}
[[nodiscard]] std::string go_label_selector(const Json& selector);
// intstr.IntOrString{Type:1, IntVal:0, StrVal:"25%"}
[[nodiscard]] std::string go_int_or_string(const Json& value);
// v1.OwnerReference{APIVersion:"v1", Kind:"Pod", Name:"a", UID:"1", Controller:true, BlockOwnerDeletion:(*bool)(nil)}
[[nodiscard]] std::string go_owner_reference(const Json& reference);
[[nodiscard]] std::string go_owner_references(const Json& references);
// resource.Quantity{i:resource.int64Amount{value:500, scale:-3}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"",
// Format:"DecimalSI"}; a quantity with a binary suffix or an exponent stays as it is written, in quotes.
[[nodiscard]] std::string go_quantity(std::string_view text);

// 2026-11-22 10:00:00 +0000 UTC, of a time as objects have it.
[[nodiscard]] std::string go_time(std::string_view text);

// A slice of strings as the verb %v prints it: "[sh -c exit 3]".
template <class Words>
[[nodiscard]] std::string go_words(const Words& words) {
  std::string text = "[";
  for (const std::string_view word : words) {
    if (text.size() > 1) text += ' ';
    text += word;
  }
  text += ']';
  return text;
}

}  // namespace skiff::api
