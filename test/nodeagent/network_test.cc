#include "api/base/files.h"
#include "nodeagent/mounts.h"
#include "nodeagent/network/pod_network.h"
#include "nodeagent/process.h"
#include "test/support/host.h"
#include "test/support/temp_dir.h"

#include <unistd.h>

namespace skiff::nodeagent {

using skiff::test::HostNamespace;
using skiff::test::must_skip;
using skiff::test::shell;
using skiff::test::TempDir;

namespace {

const std::string kFirstId(64, 'a');
const std::string kSecondId(64, 'b');

std::string in_namespace(const std::string& path, const std::string& command) {
  return "nsenter --net=" + path + " " + command;
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Also when the test ends early.
struct UnmountAtEnd {
  std::string directory;
  ~UnmountAtEnd() { CHECK(unmount_below(directory)); }
};

bool link_exists(const std::string& name) { return shell("ip link show " + name) == 0; }

}  // namespace

TEST_CASE("CIDRs are parsed strictly") {
  const auto cidr = Ipv4Cidr::parse("10.244.1.0/24");
  REQUIRE(cidr);
  CHECK(cidr->to_string() == "10.244.1.0/24");
  CHECK(cidr->gateway().to_string() == "10.244.1.1");
  CHECK(cidr->broadcast().to_string() == "10.244.1.255");
  CHECK(cidr->contains(*Ipv4Address::parse("10.244.1.77")));
  CHECK_FALSE(cidr->contains(*Ipv4Address::parse("10.244.2.1")));
  CHECK(cidr->overlaps(*Ipv4Cidr::parse("10.0.0.0/8")));
  CHECK(Ipv4Cidr::parse("10.0.0.0/8")->overlaps(*cidr));
  CHECK_FALSE(cidr->overlaps(*Ipv4Cidr::parse("10.244.0.0/24")));
  CHECK(Ipv4Cidr::parse("0.0.0.0/0")->contains(*Ipv4Address::parse("255.1.2.3")));
  for (const char* malformed : {"", "10.244.0.0", "10.244.0.0/", "10.244.0.0/33", "10.244.0.0/-1", "10.244.0.1/24",
                                "10.244.0/24", "fd00::/64", "10.244.0.0/24x", " 10.244.0.0/24"}) {
    CAPTURE(malformed);
    CHECK_FALSE(Ipv4Cidr::parse(malformed));
  }
}

TEST_CASE("The address pool gives each owner one address and survives a restart") {
  const TempDir directory;
  const auto cidr = *Ipv4Cidr::parse("10.1.0.0/29");  // hosts .1 (gateway) to .6
  auto pool = *AddressPool::open(directory.path(), cidr);

  SECTION("in turn, idempotent per owner") {
    CHECK(pool->allocate("a")->to_string() == "10.1.0.2");
    CHECK(pool->allocate("a")->to_string() == "10.1.0.2");
    CHECK(pool->allocate("b")->to_string() == "10.1.0.3");
    REQUIRE(pool->release("a"));
    CHECK(list_directory(directory.path()) == std::vector<std::string>{"10.1.0.3"});
    CHECK(pool->allocate("c")->to_string() == "10.1.0.4");  // not the one just released
  }
  SECTION("until none is left") {
    for (const char* owner : {"a", "b", "c", "d", "e"}) REQUIRE(pool->allocate(owner));
    const auto full = pool->allocate("f");
    REQUIRE_FALSE(full);
    CHECK(full.error().message == "no free address left in 10.1.0.0/29");
    REQUIRE(pool->release("b"));
    CHECK(pool->allocate("f")->to_string() == "10.1.0.3");
  }
  SECTION("reopened") {
    REQUIRE(pool->allocate("a"));
    REQUIRE(pool->allocate("b"));
    REQUIRE(write_file_atomically(directory.path() + "/10.1.0.5.new-1234", "half"));
    auto again = *AddressPool::open(directory.path(), cidr);
    CHECK(again->allocate("b")->to_string() == "10.1.0.3");
    REQUIRE(again->release_all_but({"b"}));
    CHECK(list_directory(directory.path()) == std::vector<std::string>{"10.1.0.3"});
  }
}

TEST_CASE("The nft table holds host ports with and without an address") {
  FirewallOptions options{"/usr/sbin/nft", "skiff", "skiff0", *Ipv4Cidr::parse("10.244.0.0/24"),
                          *Ipv4Cidr::parse("10.244.0.0/16")};
  const std::string empty = render_table(options, {});
  CHECK_FALSE(mentions(empty, "elements"));
  CHECK(mentions(empty, "ip saddr 10.244.0.0/24 ip daddr != 10.244.0.0/16 masquerade"));
  const std::string text =
      render_table(options, {{"tcp", "", 80, "10.244.0.5", 8080}, {"udp", "10.0.0.1", 53, "10.244.0.6", 5353}});
  CHECK(mentions(text, "tcp . 80 : 10.244.0.5 . 8080"));
  CHECK(mentions(text, "10.0.0.1 . udp . 53 : 10.244.0.6 . 5353"));
}

TEST_CASE("Sandboxes reach each other, the node and the outside; host ports reach them") {
  if (must_skip({"ip", "nft", "nsenter", "busybox"})) return;
  const HostNamespace host;
  const TempDir directory;
  const UnmountAtEnd unmount_at_end{directory.path()};
  // A router outside, which knows nothing of the pod CIDR: only masqueraded packets are answered.
  const std::string outside = directory.path() + "/outside";
  REQUIRE(shell("touch " + outside + " && unshare --net=" + outside +
                " ip link set lo up && "
                "ip link add uplink type veth peer name far && ip link set far netns " +
                outside +
                " && "
                "ip addr add 192.168.77.2/24 dev uplink && ip link set uplink up && "
                "nsenter --net=" +
                outside +
                " sh -c 'ip addr add 192.168.77.1/24 dev far; ip link set far up' && "
                "ip route add default via 192.168.77.1") == 0);
  NetworkOptions options;
  options.data_directory = directory.path();
  auto network = PodNetwork::open(options);
  REQUIRE(network);
  REQUIRE((*network)->recover({}));
  const std::string first = directory.path() + "/first";
  const std::string second = directory.path() + "/second";
  const auto first_ip = (*network)->attach(kFirstId, first, {});
  REQUIRE(first_ip);
  CHECK(*first_ip == "10.244.0.2");
  const auto second_ip = (*network)->attach(kSecondId, second, {{"tcp", "", 8099, "", 80}});
  REQUIRE(second_ip);
  CHECK(*second_ip == "10.244.0.3");

  CHECK(shell(in_namespace(first, "busybox ping -c1 -W2 10.244.0.3")) == 0);
  CHECK(shell(in_namespace(first, "busybox ping -c1 -W2 10.244.0.1")) == 0);
  CHECK(shell(in_namespace(first, "busybox ping -c1 -W2 192.168.77.1")) == 0);
  CHECK(shell(in_namespace(first, "busybox ping -c1 -W2 127.0.0.1")) == 0);
  CHECK(shell("busybox ping -c1 -W2 10.244.0.3") == 0);

  SECTION("host ports") {
    const std::string page = directory.path() + "/www";
    REQUIRE(make_directories(page));
    REQUIRE(write_file_atomically(page + "/index.html", "hello from the pod", 0644));
    ProcessOptions server;
    server.arguments = {"/usr/bin/nsenter", "--net=" + second, "busybox", "httpd", "-f", "-p", "80", "-h", page};
    server.environment = {"PATH=/usr/bin:/bin"};
    auto running = Process::spawn(server);
    REQUIRE(running);
    REQUIRE(shell("for i in $(seq 100); do " + in_namespace(second, "busybox wget -q -O /dev/null http://127.0.0.1/") +
                  " && exit 0; sleep 0.05; done; exit 1") == 0);
    const std::string fetch = "busybox wget -q -O - http://";
    std::string output;
    CHECK(shell(in_namespace(first, fetch + "10.244.0.3/"), &output) == 0);
    CHECK(output == "hello from the pod");
    CHECK(shell(fetch + "127.0.0.1:8099/") == 0);
    CHECK(shell(fetch + "192.168.77.2:8099/") == 0);
    CHECK(shell(in_namespace(outside, fetch + "192.168.77.2:8099/")) == 0);
    CHECK(shell(in_namespace(first, fetch + "10.244.0.1:8099/")) == 0);
    CHECK(shell(in_namespace(second, fetch + "10.244.0.1:8099/")) == 0);  // to itself, by the node
  }
  SECTION("a pod does not reach the node's loopback") {
    std::string table;
    REQUIRE(shell("nft list table ip skiff", &table) == 0);
    CHECK(mentions(table, "iifname \"skiff0\" ip daddr 127.0.0.0/8 drop"));
  }
  SECTION("recover() keeps members and releases others") {
    network = PodNetwork::open(options);
    REQUIRE(network);
    REQUIRE((*network)->recover({{kSecondId, {{"tcp", "", 8099, *second_ip, 80}}}}));
    CHECK_FALSE(link_exists("skfaaaaaaaaaaaa"));
    CHECK(link_exists("skfbbbbbbbbbbbb"));
    CHECK(list_directory(directory.path() + "/network/addresses") == std::vector<std::string>{"10.244.0.3"});
    std::string table;
    REQUIRE(shell("nft list table ip skiff", &table) == 0);
    CHECK(mentions(table, "tcp . 8099 : 10.244.0.3 . 80"));
  }

  REQUIRE((*network)->detach(kFirstId, first));
  REQUIRE((*network)->detach(kSecondId, second));
  CHECK((*network)->detach(kSecondId, second));
  CHECK_FALSE(link_exists("skfbbbbbbbbbbbb"));
  CHECK(list_directory(directory.path() + "/network/addresses").empty());
  std::string table;
  REQUIRE(shell("nft list table ip skiff", &table) == 0);
  CHECK_FALSE(mentions(table, "8099"));

  CHECK(read_file("/proc/sys/net/ipv4/conf/uplink/forwarding").value() == "1\n");
  CHECK(read_file("/proc/sys/net/ipv4/ip_forward").value() == "0\n");
  REQUIRE(PodNetwork::clean(options));
  CHECK(read_file("/proc/sys/net/ipv4/conf/uplink/forwarding").value() == "0\n");
  CHECK_FALSE(link_exists("skiff0"));
  CHECK(shell("nft list table ip skiff") != 0);
}

TEST_CASE("A second network needs its own bridge and addresses") {
  if (must_skip({"ip", "nft"})) return;
  const HostNamespace host;
  const TempDir first_directory;
  const TempDir second_directory;
  NetworkOptions first_options;
  first_options.data_directory = first_directory.path();
  REQUIRE(PodNetwork::open(first_options));
  REQUIRE(PodNetwork::open(first_options));  // our own bridge again

  NetworkOptions options = first_options;
  options.data_directory = second_directory.path();
  const auto refusal = [&options] {
    const auto opened = PodNetwork::open(options);
    REQUIRE_FALSE(opened);
    return opened.error().message;
  };
  CHECK(refusal() == "pod network: interface skiff0 belongs to skiff:" + first_directory.path() +
                         ": choose another bridge and pod CIDR, or remove it");
  options.bridge = "skiff1";
  CHECK(refusal() ==
        "pod network: pod CIDR 10.244.0.0/24 overlaps the network 10.244.0.0/24 of another interface: choose "
        "another pod CIDR");
  options.pod_cidr = "10.244.7.0/24";
  auto second = PodNetwork::open(options);
  REQUIRE(second);
  REQUIRE((*second)->recover({}));
  CHECK(shell("nft list table ip skiff_skiff1") == 0);

  options.pod_cidr = "10.244.8.0/24";
  CHECK(mentions(refusal(), "bridge skiff1 has the address 10.244.7.1/24, not one for pod CIDR 10.244.8.0/24"));
  options.bridge = "lo";
  CHECK(mentions(refusal(), "interface lo belongs to somebody else"));
  options.bridge = "a/../b";
  CHECK(mentions(refusal(), "not a usable bridge name"));

  options.bridge = "skiff1";
  REQUIRE(PodNetwork::clean(options));
  CHECK(link_exists("skiff0"));
  CHECK_FALSE(link_exists("skiff1"));
  REQUIRE(PodNetwork::clean(first_options));
  CHECK_FALSE(link_exists("skiff0"));
}

}  // namespace skiff::nodeagent
