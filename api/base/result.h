#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace skiff {

// What went wrong, for the layers below the API (files, images, containers, networks, certificates).
// The store (store/store.h) and the API (api/status.h) have their own codes; each border translates once.
enum class ErrorCode {
  kInvalid,           // the input cannot be used as it is
  kNotFound,          // what was named does not exist
  kAlreadyExists,     // what should be made is there already
  kPermissionDenied,  // the operating system or the peer refused
  kUnavailable,       // may work later: network down, disk full, peer busy
  kDeadlineExceeded,  // took longer than it was allowed to
  kInternal,          // anything else
};

// An expected failure: a code to decide upon and a message that a user can act on. Each layer that passes it on adds
// what it was trying, so that the message reads from the outside in: "load image x.tar: open x.tar: No such file".
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error with `context` ("load image x.tar") in front.
  [[nodiscard]] Error wrap(std::string_view context) const {
    return Error{code, std::string(context) + ": " + message};
  }
};

// The error of the system call that just failed, from errno: "context: No such file or directory".
[[nodiscard]] Error errno_error(std::string_view context);
[[nodiscard]] Error errno_error(std::string_view context, int error_number);

// boost::system::result with an error type of ours: holds either a value or an error, must not be ignored.
//   Result<int> r = f();  if (!r) return r.error();  use(*r);
template <class T, class E = Error>
using Result = boost::system::result<T, E>;

// Asked for by boost::system::result::value(); we test before we read, so reaching it is our mistake.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& location);

}  // namespace skiff
