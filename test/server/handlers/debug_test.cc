#include "server/handlers/debug.h"

#include "store/memory/memory_store.h"
#include "test/server/auth/recording_handler.h"
#include "test/support/run.h"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <dlfcn.h>

using namespace skiff;
using namespace skiff::server;

namespace {

struct Debugged {
  asio::io_context io;
  std::unique_ptr<store::Store> store = store::open_memory_store();
  RecordingHandler next;
  DebugHandler handler{*store, next};

  static Request request(const std::string& path) {
    Request request;
    request.method = "GET";
    request.path = path;
    request.user = api::User{"kubernetes-admin", {"system:masters"}, ""};
    return request;
  }
  static Request profile(const std::string& seconds) {
    Request request = Debugged::request("/debug/pprof/profile");
    request.query = {{"seconds", seconds}};
    return request;
  }
  Response ask(Request request) { return skiff::test::run(io, handler.handle(std::move(request))); }
  std::string read_all(BodyStream& body) {
    std::string text;
    for (;;) {
      const std::vector<Slice> pieces = skiff::test::run(io, body.next());
      if (pieces.empty()) return text;
      for (const Slice& piece : pieces) text += piece.bytes;
    }
  }
};

// Skips visibly: what is tested then is that the server says so.
bool has_profiler() {
  if (::dlopen("libprofiler.so.0", RTLD_NOW | RTLD_LOCAL) != nullptr) return true;
  WARN("skipped: libprofiler.so.0 is not installed");
  return false;
}

}  // namespace

TEST_CASE("what is below /debug/ is for administrators, and all else is somebody else's") {
  Debugged debugged;
  for (const char* path : {"/debug/backup", "/debug/malloc", "/debug/pprof/profile", "/debug/whatever", "/debug/"}) {
    CAPTURE(path);
    Request other = Debugged::request(path);
    other.user.groups = {"system:authenticated"};
    CHECK(debugged.ask(std::move(other)).status == 403);
    Request post = Debugged::request(path);
    post.method = "POST";
    const int status = debugged.ask(std::move(post)).status;
    CHECK((status == 405 || status == 404));
  }
  CHECK(debugged.ask(Debugged::request("/debug/whatever")).status == 404);
  CHECK_FALSE(debugged.next.seen);
  debugged.ask(Debugged::request("/debugger"));
  CHECK(debugged.next.seen);
}

TEST_CASE("an administrator gets a backup") {
  Debugged debugged;
  const Response answer = debugged.ask(Debugged::request("/debug/backup"));
  CHECK(answer.status == 200);
  REQUIRE(answer.stream);
  CHECK(debugged.read_all(*answer.stream) == "{\"records\":0,\"revision\":1}\n");
}

TEST_CASE("an administrator sees where the memory is") {
  Debugged debugged;
  const Response answer = debugged.ask(Debugged::request("/debug/malloc"));
  CHECK(answer.status == 200);
  CHECK(answer.headers.get("Content-Type") == "application/xml");
  CHECK(text_of(answer).starts_with("<malloc"));
}

TEST_CASE("a profile has a length that makes sense") {
  Debugged debugged;
  for (const char* seconds : {"0", "-1", "601", "1.5", "x", "99999999999"}) {
    CAPTURE(seconds);
    CHECK(debugged.ask(Debugged::profile(seconds)).status == 400);
  }
}

TEST_CASE("a profile ends with its client") {
  if (!has_profiler()) return;
  Debugged debugged;
  Response answer = debugged.ask(Debugged::profile("600"));
  REQUIRE(answer.status == 200);
  REQUIRE(answer.stream);
  CHECK(debugged.ask(Debugged::profile("600")).status == 409);  // one at a time
  answer.stream->cancel();
  CHECK(debugged.read_all(*answer.stream).empty());
  CHECK(debugged.ask(Debugged::profile("600")).status == 200);
}
