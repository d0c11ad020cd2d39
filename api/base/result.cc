#include "api/base/result.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace skiff {

Error errno_error(std::string_view context) { return errno_error(context, errno); }

Error errno_error(std::string_view context, int error_number) {
  ErrorCode code = ErrorCode::kInternal;
  switch (error_number) {
    case ENOENT:
    case ESRCH:
      code = ErrorCode::kNotFound;
      break;
    case EEXIST:
      code = ErrorCode::kAlreadyExists;
      break;
    case EACCES:
    case EPERM:
      code = ErrorCode::kPermissionDenied;
      break;
    case EAGAIN:
    case EBUSY:
    case ENOSPC:
    case EROFS:
    case EADDRINUSE:
    case ECONNREFUSED:
      code = ErrorCode::kUnavailable;
      break;
    case ETIMEDOUT:
      code = ErrorCode::kDeadlineExceeded;
      break;
    case EINVAL:
      code = ErrorCode::kInvalid;
      break;
    default:
      break;
  }
  return Error{code, std::string(context) + ": " + std::strerror(error_number)};
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

}  // namespace skiff
