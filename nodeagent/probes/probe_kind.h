#pragma once

namespace skiff::nodeagent {

enum class ProbeKind { kStartup, kLiveness, kReadiness };

// "Startup", "Liveness", "Readiness": as events name it.
[[nodiscard]] constexpr const char* name_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup:
      return "Startup";
    case ProbeKind::kLiveness:
      return "Liveness";
    case ProbeKind::kReadiness:
      return "Readiness";
  }
  return "";
}

}  // namespace skiff::nodeagent
