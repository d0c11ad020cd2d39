#include "store/records.h"

#include <string>

namespace skiff::store {

RecordPtr Records::put(RecordPtr record) {
  const auto [place, inserted] = tree_.insert(record);
  if (inserted) return nullptr;
  RecordPtr before = *place;
  tree_.replace(place, std::move(record));
  return before;
}

void Records::erase(std::string_view key) {
  const auto found = tree_.find(key);
  if (found != tree_.end()) tree_.erase(found);
}

RecordPtr Records::find(std::string_view key) const {
  const auto found = tree_.find(key);
  return found == tree_.end() ? nullptr : *found;
}

std::pair<Records::Iterator, Records::Iterator> Records::below(std::string_view path) const {
  if (!path.ends_with('/')) return {lower_bound(path), upper_bound(path)};
  std::string behind(path);
  ++behind.back();
  return {lower_bound(path), lower_bound(behind)};
}

}  // namespace skiff::store
