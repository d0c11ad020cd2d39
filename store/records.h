#pragma once

#include "store/store.h"

#include <boost/multi_index/ranked_index.hpp>
#include <boost/multi_index_container.hpp>

#include <string_view>
#include <utility>

namespace skiff::store {

struct KeyOfRecord {
  using result_type = std::string_view;
  std::string_view operator()(const RecordPtr& record) const { return record->key; }
};

// Records in key order that know their ranks, so that counting those of a directory takes no walk through them. The
// keys are those inside the records. Boost.MultiIndex, since the standard's trees have no ranks.
class Records {
 public:
  using Tree =
      boost::multi_index_container<RecordPtr,
                                   boost::multi_index::indexed_by<boost::multi_index::ranked_unique<KeyOfRecord>>>;
  using Iterator = Tree::const_iterator;

  // Puts the record in the place of the one with its key, which is returned (null when there was none).
  RecordPtr put(RecordPtr record);
  void erase(std::string_view key);

  [[nodiscard]] RecordPtr find(std::string_view key) const;
  [[nodiscard]] Iterator lower_bound(std::string_view key) const { return tree_.lower_bound(key); }
  [[nodiscard]] Iterator upper_bound(std::string_view key) const { return tree_.upper_bound(key); }
  // Of what Scope::path covers.
  [[nodiscard]] std::pair<Iterator, Iterator> below(std::string_view path) const;
  // How many lie between the two.
  [[nodiscard]] std::size_t distance(Iterator first, Iterator last) const {
    return tree_.rank(last) - tree_.rank(first);
  }
  [[nodiscard]] std::size_t size() const { return tree_.size(); }
  [[nodiscard]] bool empty() const { return tree_.empty(); }
  [[nodiscard]] Iterator begin() const { return tree_.begin(); }
  [[nodiscard]] Iterator end() const { return tree_.end(); }

 private:
  Tree tree_;
};

}  // namespace skiff::store
