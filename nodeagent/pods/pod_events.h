#pragma once

#include "api/base/json.h"

#include <string>

namespace skiff::api {
class EventRecorder;
}

namespace skiff::nodeagent {

// What the kubelet tells users about a pod and its containers, as Event objects.
class PodEvents {
 public:
  // `recorder` must outlive this; null: nobody wants events (large simulated clusters).
  explicit PodEvents(api::EventRecorder* recorder) : recorder_(recorder) {}

  // `container` "" speaks about the whole pod; else the event's fieldPath names the container.
  void normal(const Json& pod, const std::string& container, std::string reason, std::string message);
  void warning(const Json& pod, const std::string& container, std::string reason, std::string message);

 private:
  void record(const Json& pod, const std::string& container, bool is_warning, std::string reason, std::string message);

  api::EventRecorder* recorder_;
};

}  // namespace skiff::nodeagent
