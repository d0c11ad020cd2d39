#pragma once

#include "api/base/json.h"
#include "api/base/task.h"
#include "api/client.h"
#include "nodeagent/images/image_pulls.h"
#include "nodeagent/pods/pod_events.h"
#include "nodeagent/pods/pod_state.h"

#include <string>

namespace skiff::nodeagent {

// Whether an image must be fetched before a container starts from it.
enum class ImageNeed { kUse, kPull, kRefuse };

// The decision of imagePullPolicy ("Always", "IfNotPresent", "Never"). Pure.
[[nodiscard]] ImageNeed image_need(std::string_view pull_policy, bool present);

// Where a container's image comes from: the first step of its start. Reports what it does as events.
class ImageStep {
 public:
  // All must outlive the step. `images` is looked into on `pool`. A request to `stop` ends the wait for a pull.
  ImageStep(const ImageStore& images, ImagePulls& pulls, asio::thread_pool& pool, const Clock& clock, PodEvents& events,
            BackOffPolicy back_off, std::stop_token stop)
      : images_(images),
        pulls_(pulls),
        pool_(pool),
        clock_(clock),
        events_(events),
        back_off_(back_off),
        stop_(std::move(stop)) {}

  // The image, present in the store; or why the container waits, with record.retry_at set to when to ask again. Keeps
  // the image's back-off in `record`, which must stay valid meanwhile.
  Task<boost::system::result<Image, Waiting>> ensure(api::ObjectPtr pod, std::string container, ContainerMemory& record,
                                                     RegistryCredentials credentials);

 private:
  Task<boost::system::result<Image, Waiting>> pull(api::ObjectPtr pod, std::string container, std::string reference,
                                                   ContainerMemory& record, RegistryCredentials credentials);

  const ImageStore& images_;
  ImagePulls& pulls_;
  asio::thread_pool& pool_;
  const Clock& clock_;
  PodEvents& events_;
  BackOffPolicy back_off_;
  std::stop_token stop_;
};

// Asked for by boost::system::result::value(); we test before we read.
[[noreturn]] void throw_exception_from_error(const Waiting& waiting, const boost::source_location& location);

}  // namespace skiff::nodeagent
