#include "nodeagent/host_facts.h"

#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

namespace skiff::nodeagent {

TEST_CASE("A host's facts are known before the data directory is made") {
  const test::TempDir directory;
  const HostFacts present = read_host_facts(directory.path());
  CHECK(present.capacity.ephemeral_storage_bytes > 0);
  CHECK(present.capacity.cpu_milli >= 1000);
  CHECK(present.capacity.memory_bytes > 0);
  CHECK_FALSE(present.kernel_version.empty());

  const HostFacts future = read_host_facts(directory.path() + "/node/not/yet");
  CHECK(future.capacity.ephemeral_storage_bytes == present.capacity.ephemeral_storage_bytes);
}

}  // namespace skiff::nodeagent
