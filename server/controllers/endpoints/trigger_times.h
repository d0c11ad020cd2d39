#pragma once

#include "api/client.h"

#include <map>
#include <string>
#include <vector>

namespace skiff::controllers {

// When what a Service's endpoints show began to change: the annotation
// endpoints.kubernetes.io/last-change-trigger-time, by which people measure how long the way to the proxies takes.
// Remembers, per Service, what the latest sync saw. Times are RFC 3339 texts in seconds, whose order is that of time.
class TriggerTimes {
 public:
  static constexpr const char* kAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

  // The earliest of the times that have changed since the last call for this Service: when its pods became ready or
  // stopped being so, or when it was made. Empty when none has. To be called once per sync, whether it writes or not.
  [[nodiscard]] std::string next(const std::string& key, const Json& service, const std::vector<api::ObjectPtr>& pods);
  void forget(const std::string& key) { seen_.erase(key); }

 private:
  struct Seen {
    std::string service;
    std::map<std::string, std::string> pods;  // by name
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace skiff::controllers
