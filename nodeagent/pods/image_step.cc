#include "nodeagent/pods/image_step.h"

#include "api/base/check.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

using ImageOrWaiting = boost::system::result<Image, Waiting>;

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

// What the image store's failure looks like behind a CRI, which is where clients know it from.
std::string rpc_error(const Error& error) {
  const char* code = error.code == ErrorCode::kNotFound ? "NotFound" : "Unknown";
  return std::string("rpc error: code = ") + code + " desc = " + error.message;
}

std::string pulled_message(const std::string& reference, const Image& image, std::chrono::milliseconds took) {
  const std::string time = go_duration(took);
  return "Successfully pulled image " + in_quotes(reference) + " in " + time + " (" + time +
         " including waiting). Image size: " + std::to_string(image.size_bytes) + " bytes.";
}

}  // namespace

void throw_exception_from_error(const Waiting&, const boost::source_location&) {
  CHECK_INVARIANT(!"a result without a value");
  std::abort();
}

ImageNeed image_need(std::string_view pull_policy, bool present) {
  if (pull_policy == "Always") return ImageNeed::kPull;
  if (present) return ImageNeed::kUse;
  return pull_policy == "Never" ? ImageNeed::kRefuse : ImageNeed::kPull;
}

Task<ImageOrWaiting> ImageStep::ensure(api::ObjectPtr pod, std::string container, ContainerMemory& record,
                                       RegistryCredentials credentials) {
  const Json* spec = nodeagent::find_container(*pod, container);
  const std::string reference = string_at(*spec, {"image"});
  record.retry_at = kWhenSomethingChanges;

  if (const auto parsed = ImageReference::parse(reference); !parsed) {
    std::string message = "Failed to apply default image tag " + in_quotes(reference) + ": " + parsed.error().message;
    events_.warning(*pod, container, "InspectFailed", message);
    co_return Waiting{"InvalidImageName", std::move(message)};
  }
  auto look = [this, reference] { return images_.find(reference); };
  auto found = co_await run_blocking(pool_, std::move(look));
  if (!found) {
    record.retry_at = clock_.now() + back_off_.initial;
    std::string message = "Failed to inspect image " + in_quotes(reference) + ": " + found.error().message;
    events_.warning(*pod, container, "InspectFailed", message);
    co_return Waiting{"ImageInspectError", std::move(message)};
  }
  switch (image_need(string_at(*spec, {"imagePullPolicy"}), found->has_value())) {
    case ImageNeed::kUse:
      events_.normal(*pod, container, "Pulled",
                     "Container image " + in_quotes(reference) + " already present on machine");
      co_return std::move(**found);
    case ImageNeed::kRefuse: {
      std::string message = "Container image " + in_quotes(reference) + " is not present with pull policy of Never";
      events_.warning(*pod, container, "ErrImageNeverPull", message);
      record.retry_at = clock_.now() + back_off_.initial;
      co_return Waiting{"ErrImageNeverPull", std::move(message)};
    }
    case ImageNeed::kPull:
      break;
  }
  co_return co_await pull(pod, container, reference, record, credentials);
}

Task<ImageOrWaiting> ImageStep::pull(api::ObjectPtr pod, std::string container, std::string reference,
                                     ContainerMemory& record, RegistryCredentials credentials) {
  const TimePoint started = clock_.now();
  if (record.pull_back_off.blocks(record.pull_failed_at, started, back_off_)) {
    const std::string message = "Back-off pulling image " + in_quotes(reference);
    events_.normal(*pod, container, "BackOff", message);
    record.retry_at = record.pull_back_off.ends(record.pull_failed_at);
    co_return Waiting{"ImagePullBackOff", message + ": " + record.pull_error};
  }
  events_.normal(*pod, container, "Pulling", "Pulling image " + in_quotes(reference));
  auto pulled = co_await pulls_.pull(reference, credentials, stop_);
  const TimePoint now = clock_.now();
  if (!pulled && stop_.stop_requested()) co_return Waiting{"ContainerCreating", ""};  // of no interest to anybody
  if (!pulled) {
    const std::string message = rpc_error(pulled.error());
    events_.warning(*pod, container, "Failed", "Failed to pull image " + in_quotes(reference) + ": " + message);
    record.pull_back_off.advance(now, now, back_off_);
    record.pull_failed_at = now;
    record.pull_error = "ErrImagePull: " + message;
    // Half way through the wait the container's reason becomes ImagePullBackOff, as users expect to see it.
    record.retry_at =
        now + std::min<std::chrono::milliseconds>(record.pull_back_off.wait() / 2, std::chrono::seconds(5));
    co_return Waiting{"ErrImagePull", message};
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - started);
  events_.normal(*pod, container, "Pulled", pulled_message(reference, *pulled, took));
  co_return std::move(*pulled);
}

}  // namespace skiff::nodeagent
