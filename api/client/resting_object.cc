#include "api/client/resting_object.h"

#include <memory>
#include <utility>

namespace skiff::api {

RestingObject& RestingObject::operator=(ObjectPtr object) {
  awake_ = std::move(object);
  bytes_ = std::string();
  return *this;
}

void RestingObject::rest() {
  if (!awake_) return;
  Json::to_cbor(*awake_, bytes_);
  bytes_.shrink_to_fit();
  awake_.reset();
}

const ObjectPtr& RestingObject::wake() const {
  if (!awake_) {
    awake_ = read();
    bytes_ = std::string();
  }
  return awake_;
}

ObjectPtr RestingObject::read() const {
  if (awake_ || bytes_.empty()) return awake_;
  return std::make_shared<const Json>(Json::from_cbor(bytes_));
}

}  // namespace skiff::api
