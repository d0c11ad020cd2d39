#include "api/client/informer.h"
#include "api/views/meta.h"
#include "server/registry/direct_client.h"
#include "test/server/handlers/http_follower.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

// Clients that keep a copy of a collection, against a model of it: whatever is written, lost, forgotten and restarted,
// they never miss an object, see none twice and never go back.
namespace skiff::test {
namespace {

constexpr int kOperations = 800;
constexpr int kNames = 12;

// Writes to config maps of two namespaces at random and keeps the model's books.
class Writer {
 public:
  Writer(server::ApiServer& api, CollectionModel& model, std::minstd_rand& random)
      : api_(api), model_(model), random_(random) {}

  void write() {
    const std::string namespace_ = random_() % 2 == 0 ? "default" : "other";
    const std::string name = "c" + std::to_string(random_() % kNames);
    const std::string key = namespace_ + "/" + name;
    const std::string collection = "/api/v1/namespaces/" + namespace_ + "/configmaps";
    if (!model_.now(false).contains(key)) {
      note(key, api_.post(collection, document(name)));
    } else if (random_() % 4 == 0) {
      REQUIRE(api_.remove(collection + "/" + name).status == 200);
      model_.write(api_.store->revision(), key, std::nullopt);
    } else {
      note(key, api_.put(collection + "/" + name, document(name)));
    }
  }

  // Forgets some, perhaps all, of what can be forgotten.
  void compact() {
    const store::Revision oldest = api_.store->compacted_revision();
    const store::Revision kept = api_.store->revision() - oldest;
    REQUIRE(api_.store->compact(oldest + random_() % (kept + 1)));
  }

 private:
  Json document(const std::string& name) {
    const char* color = random_() % 2 == 0 ? "red" : "blue";
    return {{"metadata", {{"name", name}, {"labels", {{"color", color}}}}},
            {"data", {{"value", std::to_string(++values_)}}}};
  }

  void note(const std::string& key, const server::Answer& answer) {
    REQUIRE(answer.status < 300);
    const Json object = answer.json();
    model_.write(revision_in(object), key, object);
  }

  server::ApiServer& api_;
  CollectionModel& model_;
  std::minstd_rand& random_;
  int values_ = 0;
};

// Our own informer, over the client that components have in the process, on a thread's turn of its own.
class InformerFollower {
 public:
  InformerFollower(server::ApiServer& api, const CollectionModel& model, bool only_red)
      : client_(api.registry(), api::User{"follower", {}, ""}), model_(model), only_red_(only_red) {
    start();
  }
  ~InformerFollower() { run(context_, informer_->stop()); }

  // Lets it do what it can do now.
  void step() { run_ready(context_); }

  void restart() {
    run(context_, informer_->stop());
    start();
  }

  void catch_up() {
    run_until(context_, [this] { return copy_ == model_.now(only_red_); });
  }

 private:
  void start() {
    copy_.clear();
    last_.clear();
    api::InformerOptions options;
    if (only_red_) options.label_selector = "color=red";
    informer_ = std::make_unique<api::Informer>(context_.get_executor(), client_, api::kConfigMaps, options);
    api::InformerHandlers handlers;
    handlers.added = [this](const api::ObjectPtr& object) {
      REQUIRE_FALSE(copy_.contains(key_in(*object)));
      put(*object);
    };
    handlers.updated = [this](const api::ObjectPtr& old_object, const api::ObjectPtr& object) {
      REQUIRE(copy_.at(key_in(*object)) == seen_in(*old_object));
      put(*object);
    };
    handlers.deleted = [this](const api::ObjectPtr& last) {
      REQUIRE(copy_.at(key_in(*last)).value == seen_in(*last).value);
      copy_.erase(key_in(*last));
    };
    informer_->add_handlers(std::move(handlers));
    informer_->start();
  }

  void put(const Json& object) {
    const std::string key = key_in(object);
    const store::Revision revision = revision_in(object);
    INFO(object.dump());
    REQUIRE(revision > last_[key]);
    REQUIRE(model_.at(revision, only_red_).at(key) == seen_in(object));
    last_[key] = revision;
    copy_[key] = seen_in(object);
  }

  asio::io_context context_;
  server::DirectClient client_;
  const CollectionModel& model_;
  const bool only_red_;
  std::unique_ptr<api::Informer> informer_;
  SeenObjects copy_;
  std::map<std::string, store::Revision> last_;  // the newest revision of each object that it was told of
};

}  // namespace

TEST_CASE("followers of a collection never miss, repeat or go back, whatever breaks") {
  const unsigned seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::minstd_rand random(seed);
  server::ApiServer api;
  CollectionModel model;
  Writer writer(api, model, random);
  HttpFollower http_all(api, model, false, random);
  HttpFollower http_red(api, model, true, random);
  HttpFollower* const http[] = {&http_all, &http_red};
  InformerFollower informer_all(api, model, false);
  InformerFollower informer_red(api, model, true);
  InformerFollower* const informers[] = {&informer_all, &informer_red};

  for (int i = 0; i < kOperations; ++i) {
    writer.write();
    if (random() % 3 == 0) http[random() % 2]->step();
    if (random() % 3 == 0) informers[random() % 2]->step();
    switch (random() % 40) {
      case 0:
        writer.compact();
        break;
      case 1:
        http[random() % 2]->disconnect();
        break;
      case 2:
        http[random() % 2]->restart();
        break;
      case 3:
        informers[random() % 2]->restart();
        break;
      default:
        break;
    }
  }
  for (HttpFollower* follower : http) follower->catch_up();
  for (InformerFollower* follower : informers) follower->catch_up();
  // The test would show little if nothing had ever been too old or if only lists had told the news.
  CHECK(http_all.expirations() + http_red.expirations() > 0);
  CHECK(http_all.events() > kOperations / 4);
  CHECK(http_red.events() > kOperations / 8);
}

}  // namespace skiff::test
