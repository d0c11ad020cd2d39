#include "api/base/host_name.h"

#include "api/base/text.h"

#include <unistd.h>

#include <array>

namespace skiff {

std::string host_name() {
  std::array<char, 256> buffer{};
  if (gethostname(buffer.data(), buffer.size() - 1) != 0) return "localhost";
  return lower_case(buffer.data());
}

}  // namespace skiff
