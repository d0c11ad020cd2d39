#pragma once

#include "api/base/pch.h"
// Last: Catch2 defines short macros.
#include <catch2/catch.hpp>

// How REQUIRE(result) prints: what went wrong. (Boost's operator<< wants printable values and errors.)
template <class T, class E>
struct Catch::StringMaker<boost::system::result<T, E>> {
  static std::string convert(const boost::system::result<T, E>& result) {
    return result ? std::string("a value") : "error: " + result.error().message;
  }
};
