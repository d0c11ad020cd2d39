#include "api/views/index_set.h"

#include <catch2/catch.hpp>

using skiff::api::check_index_set;
using skiff::api::IndexSet;

TEST_CASE("IndexSet: texts") {
  struct Row {
    const char *text, *back;
    int size;
  };
  for (const Row& row :
       {Row{"", "", 0}, Row{"3", "3", 1}, Row{"1,3-5,7", "1,3-5,7", 5}, Row{"1,2", "1,2", 2}, Row{"1,2,3", "1-3", 3},
        Row{"0-100", "0-9", 10}, Row{"8,12,13-14", "8", 1}, Row{"x,2,3-y,5-4", "2", 1}}) {
    INFO(row.text);
    const IndexSet set = IndexSet::parse(row.text, 10);
    CHECK(set.to_string() == row.back);
    CHECK(set.size() == row.size);
  }
}

TEST_CASE("IndexSet: insertion in any order") {
  IndexSet set;
  for (const int index : {5, 1, 3, 9, 2, 3, 4}) set.insert(index);
  CHECK(set.to_string() == "1-5,9");
  CHECK(set.contains(4));
  CHECK(!set.contains(0));
  CHECK(!set.contains(6));
  CHECK(set.size_of_common(IndexSet::parse("4-9", 10)) == 3);
  set.insert(IndexSet::parse("0,6-8", 10));
  CHECK(set.to_string() == "0-9");
}

TEST_CASE("IndexSet: what is missing") {
  const IndexSet set = IndexSet::parse("1,3-5", 10);
  CHECK(set.first_missing(3, 10) == std::vector<std::int64_t>{0, 2, 6});
  CHECK(set.first_missing(10, 7) == std::vector<std::int64_t>{0, 2, 6});
  CHECK(set.first_missing(0, 7).empty());
  CHECK(set.first_missing(9, 3) == std::vector<std::int64_t>{0, 2});
}

TEST_CASE("check_index_set") {
  struct Row {
    const char *text, *problem;
    int size;
  };
  for (const Row& row :
       {Row{"", "", 0}, Row{"1,3-5,7", "", 5}, Row{"10", "too large index: \"10\"", 0},
        Row{"1-10", "too large index: \"10\"", 0}, Row{"a", "cannot convert string to integer for index: \"a\"", 0},
        Row{"1-", "cannot convert string to integer for index: \"\"", 0},
        Row{"3,1", "non-increasing order, previous: 3, current: 1", 0},
        Row{"5-5", "non-increasing order, previous: 5, current: 5", 0},
        Row{"1-2-3",
            "the fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts "
            "separated by '-'",
            0}}) {
    INFO(row.text);
    const auto check = check_index_set(row.text, 10);
    CHECK(check.problem == row.problem);
    if (check.problem.empty()) CHECK(check.size == row.size);
  }
}
