#include "store/store.h"

#include <stdexcept>

namespace skiff::store {

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

}  // namespace skiff::store
