"""A machine of a test's own, as far as the kernel gives one: what a test leaves behind is then not mixed with what others do.

Processes, mounts, the network, /run and all cgroups that such a test sees are its own, and files that it changes below /etc,
/root and /var are found below /run/changed. The network has an interface with a default route, which leads nowhere. At the end
the kernel takes it all away, whatever the test did.
"""

import functools
import os
import pathlib
import re
import subprocess
import sys

from harness import run, wait_for

INSIDE = "SKIFF_E2E_OWN_MACHINE"
DEADLINE_SECONDS = 280  # a little less than half of ctest's for a module

# Runs as process 1 of the new machine, which reaps what others leave, with a name for its cgroups and the command.
# A cgroup namespace begins where its first process is; with pure v2, that cgroup must then have no process of its own.
BEGIN = r"""
set -e
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
  mountpoint -q "$hierarchy" && [ ! -L "$hierarchy" ] && [ -e "$hierarchy/cgroup.procs" ] || continue
  mkdir "$hierarchy/$1"
  for setting in cpuset.cpus cpuset.mems; do
    [ ! -e "$hierarchy/tasks" ] || [ ! -e "$hierarchy/$setting" ] || cat "$hierarchy/$setting" > "$hierarchy/$1/$setting"
  done
  echo 0 > "$hierarchy/$1/cgroup.procs"
done
exec unshare --cgroup sh -c "$2" sh "$@"
"""
SET_UP = r"""
set -e
name=$1
shift 2
# What others have mounted comes and goes with them.
tac /proc/self/mountinfo | grep -E ' - (nsfs|overlay|tmpfs) ' | cut -d ' ' -f 5 | grep -E '^/(run|tmp|var)/' |
  while read -r point; do umount --lazy "$point"; done
mount -t tmpfs run /run
mkdir /run/hierarchy
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ -e "$hierarchy/$name" ] || continue
  if [ "$hierarchy" = /sys/fs/cgroup ]; then
    mkdir "$hierarchy/$name/tests"
    echo 0 > "$hierarchy/$name/tests/cgroup.procs"
    for controller in $(cat "$hierarchy/$name/cgroup.controllers"); do
      echo "+$controller" > "$hierarchy/$name/cgroup.subtree_control"
    done
  fi
  # In the place of the hierarchy, not on top of it: crun looks at what lies below.
  mount --bind "$hierarchy/$name" /run/hierarchy
  umount "$hierarchy"
  mount --move /run/hierarchy "$hierarchy"
done
for directory in etc root var; do
  mkdir -p "/run/changed/$directory" "/run/work/$directory"
  mount -t overlay overlay -o "lowerdir=/$directory,upperdir=/run/changed/$directory,workdir=/run/work/$directory" "/$directory"
done
ip link set lo up
ip link add uplink type veth peer name far-end
ip address add 192.0.2.2/24 dev uplink
ip link set uplink up
ip link set far-end up
ip route add default via 192.0.2.1
"$@" || exit
exit 0
"""


def on_its_own_machine(test):
    """For methods of a TestCase: it runs in a process of its own there. What it prints is printed."""

    @functools.wraps(test)
    def run_there(self):
        if INSIDE in os.environ:
            return test(self)
        if os.geteuid() != 0:
            self.skipTest("containers need root")
        module = pathlib.Path(sys.modules[type(self).__module__].__file__).stem
        name = f"skiff-e2e-machine-{os.getpid()}"
        # It ends with this process, and everything in it when it ends, however that comes about.
        command = ["setpriv", "--pdeathsig", "KILL",
                   "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", BEGIN, "sh", name,
                   SET_UP, sys.executable, "-m", "unittest", f"{module}.{type(self).__name__}.{test.__name__}"]
        try:
            done = subprocess.run(command, env={**os.environ, INSIDE: name}, timeout=DEADLINE_SECONDS, check=False)
        finally:
            remove_cgroups(name)
        self.assertEqual(done.returncode, 0, "what it said stands above")
        return None

    return run_there


def remove_cgroups(name):
    for top in sorted(pathlib.Path("/sys/fs/cgroup").glob(f"*/{name}")) + [pathlib.Path("/sys/fs/cgroup", name)]:
        for directory, _, _ in os.walk(top, topdown=False):
            os.rmdir(directory)


def processes():
    """What runs, and what has ended and is not reaped; the caller's own helpers among them."""
    found = set()
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.add(f"{entry.name} {command or (entry / 'stat').read_text(encoding='utf-8')}")
        except OSError:
            continue
    return found


def names_below(*tops):
    return {os.path.join(directory, name) for top in tops for directory, below, files in os.walk(top) for name in below + files}


def network_settings():
    files = [pathlib.Path("/proc/sys/net/ipv4/ip_forward"), *pathlib.Path("/proc/sys/net/ipv4/conf").glob("*/*")]
    return {f"{file} = {file.read_text(encoding='utf-8')}" for file in files if os.access(file, os.R_OK)}


def lines_of(*command):
    """What it prints, without what tells whether the other end of an interface is up."""
    return {re.sub("<[A-Z_,-]*>|state [A-Z]+|linkdown", "", line).rstrip() for line in run(command).stdout.splitlines()}


def inventory(*directories):
    """All that a program can leave on this machine, by kind; of the directories given, all names below."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        # Without the numbers of a mount and its parent.
        mount_points = {" ".join(line.split()[2:]) for line in mounts}
    return {
        "processes": processes(),
        "mounts": mount_points,
        "interfaces": lines_of("ip", "-o", "link"),
        "addresses": lines_of("ip", "-o", "-4", "address"),
        "routes": lines_of("ip", "-4", "route", "show", "table", "all"),
        "network settings": network_settings(),
        "nft": lines_of("nft", "list", "ruleset"),
        "cgroups": {directory for directory, _, _ in os.walk("/sys/fs/cgroup")},
        "files": names_below("/run", "/dev/shm", "/dev/mqueue", *directories),
    }


def differences(before, after):
    """What came and what went, as lines; empty when nothing did."""
    return [f"{sign} {kind}: {item}" for kind in before
            for sign, items in (("+", after[kind] - before[kind]), ("-", before[kind] - after[kind])) for item in sorted(items)]


def check_same(before, *directories):
    """That nothing came and nothing went since that inventory. What has ended is reaped a moment later."""

    def nothing_differs():
        found = differences(before, inventory(*directories))
        assert not found, "\n".join(found)
        return True

    wait_for("the machine to be as before", nothing_differs)
