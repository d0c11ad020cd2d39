#include "test/support/oci_harness.h"

namespace skiff::nodeagent::testing {

TEST_CASE("The OCI runtime keeps the runtime contract") {
  if (skiff::test::must_skip({"crun", "nft", "ip", "busybox"})) return;
  check_runtime([] { return std::make_unique<OciHarness>(); });
}

}  // namespace skiff::nodeagent::testing
