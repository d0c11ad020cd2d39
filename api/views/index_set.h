#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

// Completion indexes of a Job as status.completedIndexes writes them: "1,3-5,7". A value: intervals in order that
// neither overlap nor touch.
class IndexSet {
 public:
  // What the text says of the indexes below `completions`; parts that are malformed are left out.
  [[nodiscard]] static IndexSet parse(std::string_view text, std::int64_t completions);

  void insert(std::int64_t index) { insert(Interval{index, index}); }
  void insert(const IndexSet& other);

  [[nodiscard]] bool contains(std::int64_t index) const;
  [[nodiscard]] std::int64_t size() const;
  // How many indexes are in both.
  [[nodiscard]] std::int64_t size_of_common(const IndexSet& other) const;
  // The smallest indexes below `completions` that are not in the set, at most `count`.
  [[nodiscard]] std::vector<std::int64_t> first_missing(std::int64_t count, std::int64_t completions) const;
  [[nodiscard]] std::string to_string() const;

 private:
  struct Interval {
    std::int64_t first;
    std::int64_t last;
  };
  void insert(Interval added);

  std::vector<Interval> intervals_;
};

// Whether a text that a user wrote has that form, and how many indexes it names.
struct IndexSetCheck {
  std::string problem;  // upstream's words; empty: none
  std::int64_t size = 0;
};
[[nodiscard]] IndexSetCheck check_index_set(std::string_view text, std::int64_t completions);

}  // namespace skiff::api
