#include "server/handlers/backup.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

template <class T>
T run(Task<T> task) {
  asio::io_context context;
  auto result = asio::co_spawn(context, std::move(task), asio::use_future);
  context.run();
  return result.get();
}

std::string read_all(BodyStream& body) {
  std::string text;
  for (;;) {
    const std::vector<Slice> pieces = run(body.next());
    if (pieces.empty()) return text;
    for (const Slice& piece : pieces) text += piece.bytes;
  }
}

store::RecordPtr make_record(const std::string& key, std::string value, std::size_t offset) {
  auto record = std::make_shared<store::Record>();
  record->key = key;
  record->value = std::move(value);
  record->attributes = {{"app", "a\"b\n"}, {"none", ""}};
  record->create_revision = 3;
  record->mod_revision = 5;
  record->version = 2;
  record->revision_offset = offset;
  return record;
}

store::Snapshot some_snapshot() {
  store::Snapshot snapshot;
  snapshot.revision = 7;
  snapshot.records = {make_record("/pods/default/a", "{\"\\u00e9\": \"line\\n\"}", 4),
                      make_record("/pods/default/b", std::string(600'000, 'x'), std::string::npos)};
  return snapshot;
}

}  // namespace

TEST_CASE("a backup comes as it went, however it is cut") {
  const std::string text = read_all(*make_backup_body(some_snapshot()));
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{1000}, std::size_t{7}}) {
    BackupReader reader;
    for (std::size_t at = 0; at < text.size(); at += size) reader.put(std::string_view(text).substr(at, size));
    const auto read = reader.finish();
    REQUIRE(read);
    CHECK(read->revision == 7);
    REQUIRE(read->records.size() == 2);
    const auto expected = some_snapshot().records;
    for (std::size_t i = 0; i < 2; ++i) {
      const store::Record& record = *read->records[i];
      CHECK(record.key == expected[i]->key);
      CHECK(record.value == expected[i]->value);
      CHECK(record.attributes == expected[i]->attributes);
      CHECK(record.create_revision == 3);
      CHECK(record.mod_revision == 5);
      CHECK(record.version == 2);
      CHECK(record.revision_offset == expected[i]->revision_offset);
    }
  }
}

TEST_CASE("what is no whole backup is none") {
  const std::string text = read_all(*make_backup_body(some_snapshot()));
  for (const std::string& broken :
       {std::string(), text.substr(0, text.size() - 1), text.substr(0, text.find('\n') + 1), text + text, text + "{}\n",
        std::string("{\"revision\":7,\"records\":1}\n{\"key\":\"/a\",\"attributes\":[[1,2]]}\n"),
        std::string("{\"revision\":7,\"records\":1}\nno JSON\n"), std::string("{\"kind\":\"Status\"}\n")}) {
    BackupReader reader;
    reader.put(broken);
    CHECK_FALSE(reader.finish());
  }
}
