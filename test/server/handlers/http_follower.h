#pragma once

#include "test/server/handlers/api_server.h"
#include "test/server/handlers/collection_model.h"

#include <random>
#include <string>

namespace skiff::test {

// A client of the HTTP API that keeps a copy of all config maps, or of the red ones, as client libraries do: it lists
// (whole, in pages, or as a stream), watches from there, watches again where a connection broke, and lists again when
// it is told 410. After each thing that it learns it compares its copy with the model.
class HttpFollower {
 public:
  HttpFollower(server::ApiServer& api, const CollectionModel& model, bool only_red, std::minstd_rand& random);
  ~HttpFollower();
  HttpFollower(const HttpFollower&) = delete;
  HttpFollower& operator=(const HttpFollower&) = delete;

  // Sends one request or takes what has come of a watch.
  void step();
  // Loses the connection, but not the copy.
  void disconnect();
  // Loses everything.
  void restart();
  // Steps until the copy is the model's present.
  void catch_up();

  // How often it was told that what it asked for is too old, and how many events it has seen.
  [[nodiscard]] int expirations() const { return expirations_; }
  [[nodiscard]] int events() const { return events_; }

 private:
  void begin();
  void list(const std::string& continue_token);
  void take_page(const Json& page);
  void list_expired(const Json& status);
  void watch(const std::string& parameters);
  void take(const std::string& lines);
  void apply(const Json& event);
  void apply_change(const std::string& type, const Json& object);
  void check_copy() const;

  server::ApiServer& api_;
  const CollectionModel& model_;
  const bool only_red_;
  std::minstd_rand& random_;

  SeenObjects copy_;
  store::Revision position_ = 0;  // what the copy shows; 0 while it is incomplete
  std::string next_page_;         // the continue token of a list that is not at its end
  bool streaming_list_ = false;   // the watch still tells the present state
  std::unique_ptr<server::BodyStream> stream_;
  std::shared_ptr<server::ApiServer::Pending> pending_;
  int expirations_ = 0;
  int events_ = 0;
};

}  // namespace skiff::test
