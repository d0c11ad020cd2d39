"""What the end-to-end tests share: a real skiff with real containers in a network namespace of its own, and the real clients.

Nothing here talks to anything but loopback and the pod network inside that namespace. A Cluster cleans up after itself, also when
a test fails, and says so when something is left behind.
"""

import atexit
import contextlib
import ctypes
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIFF = os.environ.get("SKIFF_BINARY", str(ROOT / "build/release/server/skiff"))
DEADLINE_SECONDS = 60
CURL_COULD_NOT_CONNECT = 7

# Images that the tests use, all made from Debian's busybox-static: name -> port that it serves on.
IMAGES = {
    "skiff/demo:1": 80,
    "busybox": 80,
    "nginx": 80,
    "daocloud.io/library/nginx:1.13.0-alpine": 80,
    "daocloud.io/library/tomcat:8.5.21-jre8-alpine": 8080,
}


def run(arguments, check=True, timeout=DEADLINE_SECONDS, **options):
    """Runs a command and returns its CompletedProcess; a failure shows what it printed."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=timeout, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_for(what, condition, timeout=DEADLINE_SECONDS):
    """Asks `condition` until it gives something true, which is returned. An AssertionError inside counts as "not yet"."""
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except AssertionError as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {timeout} s; last: {last}")


def setns(descriptor):
    """setns(2), which Python has from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0x40000000) != 0:  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "setns")


@functools.cache
def image_archives():
    """The IMAGES as archives, made once."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="skiff-e2e-images-"))
    archives = []
    for port in sorted(set(IMAGES.values())):
        names = [name for name, its_port in IMAGES.items() if its_port == port]
        archive = directory / f"{port}.tar"
        run([str(ROOT / "deploy/make-demo-image"), str(archive), "--port", str(port), *names])
        archives.append(str(archive))
    atexit.register(shutil.rmtree, directory)  # also for the benchmark, which is no unittest
    return archives


class Cluster:
    """`skiff up` as a user runs it, on a data directory and (when `isolated`) in a network namespace of its own."""

    def __init__(self, *options, runtime="oci", images=True, isolated=True, log_level="debug"):
        self.directory = tempfile.mkdtemp(prefix="skiff-e2e-")
        self.data = os.path.join(self.directory, "data")
        self.namespace = f"skiff-e2e-{os.getpid()}-{os.path.basename(self.directory)[-6:]}" if isolated else None
        self.options = ["--runtime", runtime, "--log-level", log_level, *options]
        self.process = None
        self.ready = None
        try:
            if isolated:
                run(["ip", "netns", "add", self.namespace])
                run(["ip", "-n", self.namespace, "link", "set", "lo", "up"])
            if images and runtime == "oci":
                run([SKIFF, "image", "load", "--data-dir", self.data, *image_archives()])
            self.start()
        except BaseException:
            self.close()
            raise

    def inside(self, arguments):
        """The command as it runs in the cluster's network namespace (and with everything else of the host's)."""
        if not self.namespace:
            return list(map(str, arguments))
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "--", *map(str, arguments)]

    def start(self, *options):
        self.log = open(os.path.join(self.directory, "skiff.log"), "ab")
        # The node has one address in its namespace: loopback.
        command = self.inside([SKIFF, "up", "--data-dir", self.data, "--listen", "127.0.0.1:0", "--node-name", "node-1",
                               *self.options, *options])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"skiff did not start:\n{self.log_text()}")
        self.ready = json.loads(line)
        self.kubeconfig = self.ready["kubeconfig"]

    def log_text(self, lines=80):
        with open(os.path.join(self.directory, "skiff.log"), encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def stop(self, how=signal.SIGTERM):
        """Ends skiff; its containers live on. The exit code."""
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.log.close()
        self.process = None
        return code

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start()

    def close(self):
        """Leaves the machine as it was; an AssertionError when that did not work."""
        try:
            if self.process:
                self.stop()
        finally:
            if os.path.isdir(self.data):
                run(self.inside([SKIFF, "clean", "--data-dir", self.data]), check=False)
            left = self.leftovers()
            if self.namespace:
                run(["ip", "netns", "delete", self.namespace], check=False)
            shutil.rmtree(self.directory, ignore_errors=True)
        if left:
            raise AssertionError("left behind:\n" + "\n".join(left))

    def leftovers(self):
        """Mounts below the data directory, and processes that were started with it."""
        left = []
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            left += ["mount " + line.split()[4] for line in mounts if self.directory in line]
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if self.directory in command:
                left.append(f"process {entry.parent.name}: {command}")
        return left

    # --- clients ---

    def kubectl_command(self, *arguments, binary="kubectl"):
        """kubectl with this cluster's kubeconfig, and a home of its own for what it caches."""
        return self.inside(["env", f"KUBECONFIG={self.kubeconfig}", f"HOME={self.directory}", binary, *arguments])

    def kubectl(self, *arguments, binary="kubectl", check=True, stdin=None, timeout=DEADLINE_SECONDS, **options):
        return run(self.kubectl_command(*arguments, binary=binary), check=check, input=stdin, timeout=timeout, **options)

    def get(self, *arguments):
        """`kubectl get ... -o json` as a document."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def revision(self):
        """The newest revision of the store. (kubectl's own lists have none.)"""
        return json.loads(self.curl("/api/v1/namespaces?limit=1").stdout)["metadata"]["resourceVersion"]

    def apply(self, text, verb="apply"):
        return self.kubectl(verb, "-f", "-", stdin=text).stdout

    def apply_failure(self, text):
        """What kubectl says of a document that it cannot apply."""
        done = self.kubectl("apply", "-f", "-", stdin=text, check=False)
        if done.returncode == 0:
            raise AssertionError(f"kubectl applied what it should refuse:\n{text}")
        return done.stderr

    @contextlib.contextmanager
    def in_namespace(self):
        """This thread inside the cluster's network namespace: for sockets made in Python."""
        with open("/proc/thread-self/ns/net", encoding="utf-8") as home, open(f"/run/netns/{self.namespace}",
                                                                             encoding="utf-8") as there:
            setns(there.fileno())
            try:
                yield
            finally:
                setns(home.fileno())

    def curl(self, path, *options, check=True):
        """curl with the cluster's CA and the administrator's token."""
        with open(os.path.join(self.data, "pki/admin.token"), encoding="utf-8") as token:
            authorization = f"Authorization: Bearer {token.read().strip()}"
        return run(self.inside(["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert",
                                os.path.join(self.data, "pki/ca.crt"), "-H", authorization, *options,
                                self.ready["server"] + path]), check=check)

    def wait_for_service_account(self, namespace):
        """Until pods can be made in a new namespace: none is taken in before its service account is there."""
        wait_for("the service account", lambda: self.curl(f"/api/v1/namespaces/{namespace}/serviceaccounts/default", "--fail"))

    def http_get(self, address):
        """What a web server in the pod network answers. One whose container has just begun may not listen yet."""
        command = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "5", f"http://{address}/"]

        def connected():
            done = run(self.inside(command), check=False)
            assert done.returncode != CURL_COULD_NOT_CONNECT, done.stderr
            return done

        done = wait_for("a server to listen", connected)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_running(self, selector, count, namespace="default"):
        """The pods of a selector, once `count` of them are Running and ready and no other is left."""

        def ready():
            pods = self.get("pods", "-n", namespace, "-l", selector)["items"]
            states = [(pod["metadata"]["name"], pod["status"].get("phase"),
                       [c["ready"] for c in pod["status"].get("containerStatuses", [])]) for pod in pods]
            assert len(pods) == count, states
            assert all(phase == "Running" and containers and all(containers) for _, phase, containers in states), states
            return pods

        return wait_for(f"{count} pods with {selector} running", ready)


class ClusterTestCase(unittest.TestCase):
    """Tests that share one cluster per class."""

    options = ()
    runtime = "oci"
    images = True

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("containers need root")
        cls.cluster = Cluster(*cls.options, runtime=cls.runtime, images=cls.images)
        cls.addClassCleanup(cls.cluster.close)

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures and self.cluster.process:
            print(f"--- the end of skiff's log after {self.id()} ---\n{self.cluster.log_text()}")
