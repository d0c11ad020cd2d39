#pragma once

#include "api/base/json.h"
#include "api/managed_fields/field_set.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api::managed_fields {

// One entry of metadata.managedFields.
struct Manager {
  std::string name;
  bool applied = false;  // by server-side apply; else by an update
  std::string api_version;
  std::string subresource;
  std::string time;  // when the manager changed something last; may be empty
  FieldSet fields;

  // Whether the two are the same entry of an object: an applier keeps its entry when it goes over to another version.
  [[nodiscard]] bool is_same_as(const Manager& other) const;
};

// All entries of an object; no two of them are the same.
class Managers {
 public:
  static constexpr std::size_t kMaxUpdaters = 10;

  Managers() = default;
  // Reads the text of a list that was stored; nothing is an empty list.
  [[nodiscard]] static Managers read(std::string_view list);
  // Takes a client's list; nothing when it is malformed.
  [[nodiscard]] static std::optional<Managers> parse(const Json& list);
  // Puts the entries in upstream's order and gives the text of the list; nothing when there are none.
  [[nodiscard]] std::string to_text();
  // Whether entry for entry only times differ.
  [[nodiscard]] bool same_but_for_times(const Managers& other) const;

  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] const std::vector<Manager>& all() const { return all_; }
  [[nodiscard]] std::vector<Manager>& all() { return all_; }
  [[nodiscard]] Manager* find(const Manager& like);
  // Replaces the entry that is the same.
  void put(Manager manager);
  void drop_empty();

  // Unites the oldest updaters of each version as "ancient-changes" while there are more than kMaxUpdaters. Whether
  // there were.
  bool unite_oldest();

 private:
  std::vector<Manager> all_;
};

}  // namespace skiff::api::managed_fields
