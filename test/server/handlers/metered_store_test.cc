#include "server/metrics/metered_store.h"

#include "store/memory/memory_store.h"
#include "test/support/samples.h"

#include <catch2/catch.hpp>

#include <future>

using namespace skiff;
using namespace skiff::server;

namespace {

store::Result<store::RecordPtr> write_and_wait(store::Store& store, store::Write write) {
  std::promise<store::Result<store::RecordPtr>> written;
  store.write(std::move(write), [&](store::Result<store::RecordPtr> result) { written.set_value(std::move(result)); });
  return written.get_future().get();
}

store::Write write_of(const std::string& key, store::Revision expected, std::optional<std::string> value) {
  store::Write write;
  write.key = key;
  write.expected = expected;
  write.value = std::move(value);
  return write;
}

}  // namespace

TEST_CASE("writes to the store are timed by what they do and to what") {
  MeteredStore store(store::open_memory_store());
  const auto count = [&](const std::string& operation, const std::string& type) {
    return test::sample_in(
        store.collect(), "etcd_request_duration_seconds_count{operation=\"" + operation + "\",type=\"" + type + "\"}");
  };
  const std::string pod = "/pods/default/a";
  const auto created = write_and_wait(store, write_of(pod, 0, "{}"));
  REQUIRE(created);
  CHECK(store.get(pod) == *created);
  const auto updated = write_and_wait(store, write_of(pod, (*created)->mod_revision, "{1}"));
  REQUIRE(updated);
  CHECK_FALSE(write_and_wait(store, write_of(pod, (*created)->mod_revision, "{2}")));
  REQUIRE(write_and_wait(store, write_of(pod, (*updated)->mod_revision, std::nullopt)));
  REQUIRE(write_and_wait(store, write_of("/deployments.apps/default/a", 0, "{}")));
  CHECK(count("create", "pods") == "1");
  CHECK(count("update", "pods") == "2");
  CHECK(count("delete", "pods") == "1");
  CHECK(count("create", "deployments.apps") == "1");

  const std::string errors = "etcd_request_errors_total{operation=\"create\",type=\"pods\"}";
  CHECK(test::sample_in(store.collect(), errors) == "0");
  CHECK(test::sample_in(store.collect(), "etcd_request_errors_total{operation=\"update\",type=\"pods\"}") == "0");
  store.close();
  CHECK_FALSE(write_and_wait(store, write_of(pod, 0, "{}")));
  CHECK(test::sample_in(store.collect(), errors) == "1");
}
