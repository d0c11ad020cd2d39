#include "server/handlers/version.h"

#include <string>

namespace skiff::server {
namespace {

constexpr std::string_view kArchitecture =
#if defined(__x86_64__)
    "amd64";
#elif defined(__aarch64__)
    "arm64";
#else
    "unknown";
#endif

}  // namespace

Json version_document() {
  // Clients insist on every member, also those that a program without Go or git has no value for; the date is what
  // upstream shows when it does not know it.
  return {{"major", "1"},
          {"minor", "32"},
          {"gitVersion", std::string(kKubernetesVersion) + "+skiff"},
          {"gitCommit", ""},
          {"gitTreeState", ""},
          {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", ""},
          {"compiler", "gcc " __VERSION__},
          {"platform", "linux/" + std::string(kArchitecture)}};
}

}  // namespace skiff::server
