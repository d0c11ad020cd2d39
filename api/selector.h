#pragma once

#include "api/base/json.h"
#include "api/status.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff::api {

// Sorted (name, value) pairs: an object's labels, or its selectable fields.
using AttributeList = std::vector<std::pair<std::string, std::string>>;

// The value of `name`; a view into the list.
[[nodiscard]] std::optional<std::string_view> find_attribute(const AttributeList& attributes, std::string_view name);

// labels.Selector: a conjunction of requirements.
class LabelSelector {
 public:
  enum class Operator { kEquals, kNotEquals, kIn, kNotIn, kExists, kDoesNotExist, kGreaterThan, kLessThan };
  struct Requirement {
    std::string key;
    Operator op = Operator::kExists;
    std::vector<std::string> values;
  };

  // The query form: "a=b,c!=d,e in (x,y),!f,g>1". kBadRequest with upstream's message ("unable to parse requirement:
  // ...").
  [[nodiscard]] static Result<LabelSelector> parse(std::string_view text);
  // The object form, metav1.LabelSelector {matchLabels, matchExpressions}. An absent (null) one matches nothing, an
  // empty one everything.
  [[nodiscard]] static Result<LabelSelector> from_object(const Json& selector);

  // `lookup` gives a label's value, if there is one.
  [[nodiscard]] bool matches(const std::function<std::optional<std::string_view>(std::string_view)>& lookup) const;
  [[nodiscard]] bool matches(const AttributeList& labels) const;
  // labels as in metadata.labels; null counts as none.
  [[nodiscard]] bool matches_object_labels(const Json& labels) const;

  [[nodiscard]] bool empty() const { return requirements_.empty() && !matches_nothing_; }
  // The query form, as it appears in scale.status.selector.
  [[nodiscard]] std::string to_string() const;

 private:
  std::vector<Requirement> requirements_;
  bool matches_nothing_ = false;
};

// fields.Selector: "spec.nodeName=a,status.phase!=Running".
class FieldSelector {
 public:
  struct Requirement {
    std::string field;
    std::string value;
    bool equal = true;
  };
  [[nodiscard]] static Result<FieldSelector> parse(std::string_view text);
  // A field that is absent counts as "".
  [[nodiscard]] bool matches(const AttributeList& fields) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  std::vector<Requirement> requirements_;
};

}  // namespace skiff::api
