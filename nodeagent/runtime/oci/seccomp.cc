#include "nodeagent/runtime/oci/seccomp.h"

#include <sched.h>

#include <array>

namespace skiff::nodeagent::oci {

namespace {

constexpr std::array<std::string_view, 57> kRefused = {"acct",
                                                       "add_key",
                                                       "bpf",
                                                       "clock_adjtime",
                                                       "clock_settime",
                                                       "create_module",
                                                       "delete_module",
                                                       "finit_module",
                                                       "fsconfig",
                                                       "fsmount",
                                                       "fsopen",
                                                       "fspick",
                                                       "get_kernel_syms",
                                                       "init_module",
                                                       "io_uring_enter",
                                                       "io_uring_register",
                                                       "io_uring_setup",
                                                       "ioperm",
                                                       "iopl",
                                                       "kcmp",
                                                       "kexec_file_load",
                                                       "kexec_load",
                                                       "keyctl",
                                                       "lookup_dcookie",
                                                       "mount",
                                                       "mount_setattr",
                                                       "move_mount",
                                                       "move_pages",
                                                       "nfsservctl",
                                                       "open_by_handle_at",
                                                       "open_tree",
                                                       "perf_event_open",
                                                       "pivot_root",
                                                       "process_madvise",
                                                       "query_module",
                                                       "quotactl",
                                                       "quotactl_fd",
                                                       "reboot",
                                                       "request_key",
                                                       "setdomainname",
                                                       "sethostname",
                                                       "setns",
                                                       "settimeofday",
                                                       "stime",
                                                       "swapoff",
                                                       "swapon",
                                                       "sysfs",
                                                       "_sysctl",
                                                       "syslog",
                                                       "umount",
                                                       "umount2",
                                                       "unshare",
                                                       "uselib",
                                                       "userfaultfd",
                                                       "ustat",
                                                       "vm86",
                                                       "vm86old"};

constexpr unsigned kErrorPermission = 1;     // EPERM
constexpr unsigned kErrorNoSystemCall = 38;  // ENOSYS
constexpr std::uint64_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// clone() with any flag of a new namespace. seccomp compares masked values for equality only, so one rule per flag.
Json refuse_new_namespaces() {
  Json rules = Json::array();
  for (std::uint64_t bits = kNewNamespaces; bits != 0; bits &= bits - 1) {
    const std::uint64_t flag = bits & ~(bits - 1);
    Json argument = {{"index", 0}, {"value", flag}, {"valueTwo", flag}, {"op", "SCMP_CMP_MASKED_EQ"}};
    rules.push_back({{"names", {"clone"}},
                     {"action", "SCMP_ACT_ERRNO"},
                     {"errnoRet", kErrorPermission},
                     {"args", Json::array({std::move(argument)})}});
  }
  return rules;
}

}  // namespace

Json default_seccomp_profile() {
  Json rules = refuse_new_namespaces();
  rules.push_back({{"names", kRefused}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", kErrorPermission}});
  // Its flags are in memory, where seccomp cannot look; ENOSYS makes C libraries fall back to clone().
  rules.push_back({{"names", {"clone3"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", kErrorNoSystemCall}});
  Json profile = {{"defaultAction", "SCMP_ACT_ALLOW"}, {"syscalls", std::move(rules)}};
#if defined(__x86_64__)
  profile["architectures"] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
#elif defined(__aarch64__)
  profile["architectures"] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif
  return profile;
}

}  // namespace skiff::nodeagent::oci
