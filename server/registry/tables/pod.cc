#include "api/views/pod.h"

#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

// How often containers were restarted, and when the last one had ended.
struct Restarts {
  std::int64_t count = 0;
  std::optional<TimePoint> last;

  void add(const Json& container_status) {
    count += integer_at(container_status, {"restartCount"});
    const auto ended = parse_time(string_at(container_status, {"lastState", "terminated", "finishedAt"}));
    if (ended && (!last || *last < *ended)) last = ended;
  }

  [[nodiscard]] std::string text(TimePoint now) const {
    const std::string number = std::to_string(count);
    if (count == 0 || !last) return number;
    return number + " (" + human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *last)) + " ago)";
  }
};

// What a pod's containers say about it, put together in the order in which upstream looks.
class Summary {
 public:
  explicit Summary(const Json& pod) : pod_(pod), reason_(string_at(pod, {"status", "phase"})) {
    if (std::string own = string_at(pod, {"status", "reason"}); !own.empty()) reason_ = std::move(own);
    const Json* scheduled = api::find_condition(pod, "PodScheduled");
    if (scheduled != nullptr && string_at(*scheduled, {"reason"}) == "SchedulingGated") reason_ = "SchedulingGated";
    total_ = pod.at("spec").value("containers", Json::array()).size();
    look_at_init_containers();
    if (!initializing_ || api::is_condition_true(pod, "Initialized")) look_at_containers();
    look_at_deletion();
  }

  [[nodiscard]] std::string ready() const { return std::to_string(ready_) + "/" + std::to_string(total_); }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const Restarts& restarts() const { return restarts_; }

 private:
  static std::string exit_reason(const Json& terminated) {
    if (std::string reason = string_at(terminated, {"reason"}); !reason.empty()) return reason;
    const std::int64_t signal = integer_at(terminated, {"signal"});
    if (signal != 0) return "Signal:" + std::to_string(signal);
    return "ExitCode:" + std::to_string(integer_at(terminated, {"exitCode"}));
  }

  [[nodiscard]] bool is_sidecar(const std::string& name) const {
    for (const Json& container : pod_.at("spec").value("initContainers", Json::array())) {
      if (string_at(container, {"name"}) == name) return string_at(container, {"restartPolicy"}) == "Always";
    }
    return false;
  }

  void look_at_init_containers() {
    const Json containers = pod_.at("spec").value("initContainers", Json::array());
    for (const Json& container : containers) total_ += is_sidecar(string_at(container, {"name"})) ? 1 : 0;
    const Json* statuses = find(pod_, {"status", "initContainerStatuses"});
    if (statuses == nullptr) return;
    for (std::size_t i = 0; i < statuses->size() && !initializing_; ++i) {
      const Json& status = (*statuses)[i];
      const bool sidecar = is_sidecar(string_at(status, {"name"}));
      restarts_.add(status);
      if (sidecar) sidecar_restarts_.add(status);
      const Json* terminated = find(status, {"state", "terminated"});
      if (terminated != nullptr && integer_at(*terminated, {"exitCode"}) == 0) continue;
      if (sidecar && bool_at(status, {"started"})) {
        ready_ += bool_at(status, {"ready"}) ? 1 : 0;
        continue;
      }
      const std::string waiting = string_at(status, {"state", "waiting", "reason"});
      if (terminated != nullptr) {
        reason_ = "Init:" + exit_reason(*terminated);
      } else if (!waiting.empty() && waiting != "PodInitializing") {
        reason_ = "Init:" + waiting;
      } else {
        reason_ = "Init:" + std::to_string(i) + "/" + std::to_string(containers.size());
      }
      initializing_ = true;
    }
  }

  void look_at_containers() {
    restarts_ = sidecar_restarts_;
    bool has_running = false;
    if (const Json* statuses = find(pod_, {"status", "containerStatuses"}); statuses != nullptr) {
      for (auto status = statuses->rbegin(); status != statuses->rend(); ++status) {
        restarts_.add(*status);
        const std::string waiting = string_at(*status, {"state", "waiting", "reason"});
        if (!waiting.empty()) {
          reason_ = waiting;
        } else if (const Json* terminated = find(*status, {"state", "terminated"})) {
          reason_ = exit_reason(*terminated);
        } else if (bool_at(*status, {"ready"}) && find(*status, {"state", "running"}) != nullptr) {
          has_running = true;
          ++ready_;
        }
      }
    }
    // One container has ended well, but others run on.
    if (reason_ == "Completed" && has_running) {
      reason_ = api::is_condition_true(pod_, "Ready") ? "Running" : "NotReady";
    }
  }

  void look_at_deletion() {
    if (!api::is_terminating(pod_)) return;
    if (string_at(pod_, {"status", "reason"}) == "NodeLost") {
      reason_ = "Unknown";
    } else if (!api::is_pod_terminated(pod_)) {
      reason_ = "Terminating";
    }
  }

  const Json& pod_;
  std::string reason_;
  std::size_t total_ = 0;
  std::size_t ready_ = 0;
  bool initializing_ = false;
  Restarts restarts_;
  Restarts sidecar_restarts_;
};

std::string readiness_gates(const Json& pod) {
  const Json* gates = find(pod, {"spec", "readinessGates"});
  if (gates == nullptr || gates->empty()) return "<none>";
  std::size_t open = 0;
  for (const Json& gate : *gates) {
    open += api::is_condition_true(pod, string_at(gate, {"conditionType"})) ? 1 : 0;
  }
  return std::to_string(open) + "/" + std::to_string(gates->size());
}

std::vector<Json> pod_row(const Json& pod, TimePoint now) {
  const Summary summary(pod);
  return {name_cell(pod),
          summary.ready(),
          summary.reason(),
          summary.restarts().text(now),
          age_cell(pod, now),
          or_none(string_at(pod, {"status", "podIP"})),
          or_none(string_at(pod, {"spec", "nodeName"})),
          or_none(string_at(pod, {"status", "nominatedNodeName"})),
          readiness_gates(pod)};
}

}  // namespace

TableSpec pod_table() {
  return TableSpec{{name_column(), column("Ready", "How many of the containers are ready."),
                    column("Status", "What the pod and its containers are doing."),
                    column("Restarts", "How often containers were restarted, and when last."), age_column(),
                    wide_column("IP", "Address of the pod."), wide_column("Node", "Node that the pod is bound to."),
                    wide_column("Nominated Node", "Node on which room is being made for the pod."),
                    wide_column("Readiness Gates", "How many of the further conditions for readiness hold.")},
                   pod_row};
}

}  // namespace skiff::server
