#pragma once

namespace skiff::nodeagent {

// A shared library that is loaded when the first of its functions is called. libcurl and libarchive bring thirty others
// along (Kerberos, LDAP, ICU, ...): the loader would take 7 of the 27 ms that a cluster takes to start for what most
// starts never use. curl.cc and archive.cc define the libraries' functions as calls through this class, so that those
// who use them write nothing but the libraries' own API.
class LazyLibrary {
 public:
  // `file` as dlopen(3) takes it.
  explicit constexpr LazyLibrary(const char* file) : file_(file) {}

  // The function of that name. From any thread. A library that is missing ends the program with a message, as it would
  // have at the start.
  template <class Function>
  [[nodiscard]] Function find(const char* name) const {
    return reinterpret_cast<Function>(find_symbol(name));
  }

 private:
  [[nodiscard]] void* find_symbol(const char* name) const;

  const char* file_;
};

}  // namespace skiff::nodeagent
