#include "test/server/handlers/http_follower.h"

#include <catch2/catch.hpp>

namespace skiff::test {
namespace {

const std::string kCollection = "/api/v1/configmaps";
constexpr int kPageSize = 3;
// A follower needs a list, a watch and an event or two.
constexpr int kMaxStepsToCatchUp = 100;

}  // namespace

HttpFollower::HttpFollower(server::ApiServer& api, const CollectionModel& model, bool only_red,
                           std::minstd_rand& random)
    : api_(api), model_(model), only_red_(only_red), random_(random) {}

HttpFollower::~HttpFollower() { disconnect(); }

void HttpFollower::step() {
  if (stream_) {
    if (!pending_) pending_ = api_.begin_next(*stream_);
    if (auto lines = api_.finished(pending_)) {
      pending_.reset();
      take(*lines);
    }
  } else if (position_ > 0) {
    watch("&resourceVersion=" + std::to_string(position_));
  } else if (!next_page_.empty()) {
    list(next_page_);
  } else {
    begin();
  }
}

void HttpFollower::begin() {
  copy_.clear();
  if (random_() % 3 == 0) {
    streaming_list_ = true;
    watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  } else {
    list("");
  }
}

void HttpFollower::list(const std::string& continue_token) {
  std::string target = kCollection + (only_red_ ? "?labelSelector=color=red" : "?");
  if (!continue_token.empty() || random_() % 2 == 0) target += "&limit=" + std::to_string(kPageSize);
  if (!continue_token.empty()) target += "&continue=" + continue_token;
  const server::Answer answer = api_.get(target);
  INFO(target << ": " << answer.body);
  if (answer.status == 410) {
    list_expired(answer.json());
  } else {
    REQUIRE(answer.status == 200);
    take_page(answer.json());
  }
}

void HttpFollower::take_page(const Json& page) {
  for (const Json& item : page.at("items")) {
    INFO("listed twice: " << key_in(item));
    REQUIRE(copy_.emplace(key_in(item), seen_in(item)).second);
  }
  next_page_ = string_at(page, {"metadata", "continue"});
  if (!next_page_.empty()) return;
  position_ = revision_in(page);
  check_copy();
}

// The token that comes with the error gives the rest as it is now. That is of no use to a copy, which begins anew.
void HttpFollower::list_expired(const Json& status) {
  ++expirations_;
  REQUIRE(status.at("reason") == "Expired");
  const std::string fresh = string_at(status, {"metadata", "continue"});
  REQUIRE_FALSE(fresh.empty());
  const server::Answer rest =
      api_.get(kCollection + (only_red_ ? "?labelSelector=color=red" : "?") + "&continue=" + fresh);
  REQUIRE(rest.status == 200);
  const SeenObjects present = model_.now(only_red_);
  const Json list = rest.json();
  for (const Json& item : list.at("items")) {
    const auto found = present.find(key_in(item));
    REQUIRE(found != present.end());
    REQUIRE(found->second == seen_in(item));
  }
  restart();
}

void HttpFollower::watch(const std::string& parameters) {
  server::Answer answer = api_.get(kCollection + (only_red_ ? "?labelSelector=color=red&" : "?") +
                                   "watch=1&allowWatchBookmarks=true" + parameters);
  INFO(answer.body);
  REQUIRE(answer.status == 200);
  stream_ = std::move(answer.stream);
}

void HttpFollower::take(const std::string& lines) {
  if (lines.empty()) {
    stream_.reset();
    return;
  }
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = lines.find('\n', start);
    REQUIRE(end != std::string::npos);
    const Json event = Json::parse(lines.substr(start, end - start));
    start = end + 1;
    INFO(event.dump());
    if (event.at("type") == "ERROR") {
      REQUIRE(event.at("object").at("code") == 410);
      REQUIRE(start == lines.size());
      ++expirations_;
      restart();
      return;
    }
    apply(event);
  }
}

void HttpFollower::apply(const Json& event) {
  ++events_;
  const std::string type = event.at("type");
  const Json& object = event.at("object");
  if (streaming_list_ && type == "ADDED") {
    REQUIRE(copy_.emplace(key_in(object), seen_in(object)).second);
    return;
  }
  const store::Revision revision = revision_in(object);
  if (type == "BOOKMARK") {
    const bool end = string_at(object, {"metadata", "annotations", "k8s.io/initial-events-end"}) == "true";
    REQUIRE(end == streaming_list_);
    streaming_list_ = false;
    REQUIRE(revision >= position_);
  } else {
    REQUIRE_FALSE(streaming_list_);
    REQUIRE(revision > position_);
    apply_change(type, object);
  }
  position_ = revision;
  check_copy();
}

void HttpFollower::apply_change(const std::string& type, const Json& object) {
  const std::string key = key_in(object);
  const auto known = copy_.find(key);
  REQUIRE((type == "ADDED") == (known == copy_.end()));
  if (type == "DELETED") {
    REQUIRE(known->second.value == seen_in(object).value);
    copy_.erase(known);
  } else {
    copy_[key] = seen_in(object);
  }
}

void HttpFollower::check_copy() const {
  INFO("at revision " << position_);
  REQUIRE(copy_ == model_.at(position_, only_red_));
}

void HttpFollower::disconnect() {
  if (pending_) {
    stream_->cancel();
    api_.finish(pending_);
    pending_.reset();
  }
  stream_.reset();
  // What a list has told so far is of no use without its end.
  if (std::exchange(streaming_list_, false)) copy_.clear();
}

void HttpFollower::restart() {
  disconnect();
  copy_.clear();
  next_page_.clear();
  position_ = 0;
}

void HttpFollower::catch_up() {
  for (int steps = 0; position_ == 0 || copy_ != model_.now(only_red_); ++steps) {
    REQUIRE(steps < kMaxStepsToCatchUp);
    if (pending_) {
      const std::string lines = api_.finish(pending_);
      pending_.reset();
      take(lines);
    } else {
      step();
    }
  }
}

}  // namespace skiff::test
