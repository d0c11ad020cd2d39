#include "api/client/resting_object.h"

#include <memory>
#include <string>
#include <utility>

namespace skiff::api {

namespace {

// For objects that know no other source.
class PackedObject final : public ObjectSource {
 public:
  explicit PackedObject(const Json& object) {
    Json::to_cbor(object, cbor_);
    cbor_.shrink_to_fit();
  }

  [[nodiscard]] ObjectPtr object() const override { return std::make_shared<const Json>(Json::from_cbor(cbor_)); }

 private:
  std::string cbor_;
};

}  // namespace

RestingObject& RestingObject::operator=(ObjectPtr object) {
  awake_ = std::move(object);
  source_.reset();
  return *this;
}

void RestingObject::rest() const {
  if (!awake_) return;
  source_ = source_of(awake_);
  if (!source_) source_ = std::make_shared<const PackedObject>(*awake_);
  awake_.reset();
}

const ObjectPtr& RestingObject::wake() const {
  if (!awake_) {
    awake_ = read();
    source_.reset();
  }
  return awake_;
}

ObjectPtr RestingObject::read() const {
  if (awake_ || !source_) return awake_;
  return source_->object();
}

}  // namespace skiff::api
