"""A node is lost: a server and agents in processes of their own, on loopback, with short periods.

The nodes are simulated, but for what only real containers can show: they go on while the server is away, and clients of the
server talk to them.
"""

import filecmp
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import SKIFF, image_archives, run, wait_for
from kubectls import some_kubectls
from streaming_test import Terminal

# A node is lost soon, and its pods with it.
IMPATIENT = ("--node-monitor-grace-period", "3s", "--default-not-ready-toleration-seconds", "1",
             "--default-unreachable-toleration-seconds", "1")


class Distributed:
    """One `skiff server` and any number of `skiff agent`, each with a data directory of its own.

    With `isolated` in a network namespace, for agents with real containers.
    """

    def __init__(self, *server_options, isolated=False):
        self.server_options = server_options
        self.directory = tempfile.mkdtemp(prefix="skiff-e2e-")
        self.namespace = f"skiff-e2e-{os.getpid()}-lost" if isolated else None
        self.processes = {}
        self.real = []
        self.port = 0
        try:
            if isolated:
                run(["ip", "netns", "add", self.namespace])
                run(["ip", "-n", self.namespace, "link", "set", "lo", "up"])
            self.start_server()
            self.token = run(self.inside([SKIFF, "token", "create", "--data-dir", f"{self.directory}/server"])).stdout.strip()
        except BaseException:
            self.close()
            raise

    def inside(self, command):
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "--", *command] if self.namespace else list(command)

    def start(self, name, *command):
        log = open(f"{self.directory}/{name}.log", "ab")
        process = subprocess.Popen(self.inside([SKIFF, *command, "--data-dir", f"{self.directory}/{name}",
                                                "--log-level", "debug"]),
                                   stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        self.processes[name] = process
        line = process.stdout.readline()
        if not line:
            with open(f"{self.directory}/{name}.log", encoding="utf-8") as text:
                raise AssertionError(f"{name} did not start:\n{text.read()}")
        return json.loads(line)

    def start_server(self):
        ready = self.start("server", "server", "--listen", f"127.0.0.1:{self.port}", *self.server_options)
        self.port = int(ready["server"].rsplit(":", 1)[1])
        self.url = ready["server"]
        self.kubeconfig = ready["kubeconfig"]

    def start_agent(self, name, *options, runtime="fake"):
        if runtime == "oci" and name not in self.real:
            self.real.append(name)
            run([SKIFF, "image", "load", "--data-dir", f"{self.directory}/{name}", *image_archives()])
        self.start(name, "agent", "--server", self.url, "--token", self.token, "--runtime", runtime, "--node-name", name,
                   "--node-ip", "127.0.0.1", "--address", "127.0.0.1", "--port", "0", "--node-lease-duration-seconds", "2",
                   "--bridge", f"br-{name}", *options)

    def stop(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(how)
        code = process.wait(timeout=30)
        process.stdout.close()
        return code

    def close(self):
        for name in reversed(list(self.processes)):
            self.stop(name, signal.SIGKILL)
        for name in self.real:
            run(self.inside([SKIFF, "clean", "--data-dir", f"{self.directory}/{name}"]), check=False)
        if self.namespace:
            run(["ip", "netns", "delete", self.namespace], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def kubectl_command(self, *arguments, binary="kubectl"):
        return self.inside(["env", f"KUBECONFIG={self.kubeconfig}", f"HOME={self.directory}", binary, *arguments])

    def kubectl(self, *arguments, binary="kubectl", check=True, stdin=None):
        return run(self.kubectl_command(*arguments, binary=binary), check=check, input=stdin)

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def condition(self, node, kind="Ready"):
        return next(c for c in self.get("node", node)["status"]["conditions"] if c["type"] == kind)

    def is_schedulable(self, node):
        return self.condition(node)["status"] == "True" and not self.get("node", node)["spec"].get("taints")

    def running_on(self, selector):
        """Names of the pods that are ready and not on their way out, by node."""
        found = {}
        for pod in self.get("pods", "-l", selector)["items"]:
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
            if ready and "deletionTimestamp" not in pod["metadata"]:
                found.setdefault(pod["spec"]["nodeName"], []).append(pod["metadata"]["name"])
        return found


# What the pods ask for is a part of a node that tells: the scheduler then takes each node in turn.
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 6
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: x, image: x, resources: {requests: {cpu: "2", memory: 16Gi}}}]}
"""

DAEMONS = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: daemons}
spec:
  selector: {matchLabels: {app: daemons}}
  template:
    metadata: {labels: {app: daemons}}
    spec: {containers: [{name: main, image: x}]}
"""


# Says how often it has begun, and ends whenever it is told to.
TICKER = """
apiVersion: v1
kind: Pod
metadata: {name: ticker}
spec:
  containers:
  - name: main
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "echo run >> /data/runs; echo run; while [ ! -e /data/end ]; do sleep 0.05; done; rm /data/end"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, hostPath: {path: DIRECTORY}}]
"""


# One that stays on the node it is made for.
SHELL = """
apiVersion: v1
kind: Pod
metadata: {name: on-NODE}
spec:
  nodeName: NODE
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "skiff/demo:1"}]
"""


# Keeps a tenth of a processor busy.
BURNER = """
apiVersion: v1
kind: Pod
metadata: {name: burner, labels: {app: burner}}
spec:
  nodeName: node-a
  terminationGracePeriodSeconds: 0
  containers:
  - {name: idle, image: "skiff/demo:1"}
  - {name: busy, image: "skiff/demo:1", command: [sh, -c, "while :; do :; done"], resources: {limits: {cpu: 100m}}}
"""


class RemotePodsTest(unittest.TestCase):
    """exec, attach, cp, port-forward and top for pods whose agents are not in the server's process."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Distributed(isolated=True)
        cls.addClassCleanup(cls.cluster.close)
        for name in ("node-a", "node-b"):
            cls.cluster.start_agent(name, runtime="oci")
            cls.cluster.kubectl("create", "-f", "-", stdin=SHELL.replace("NODE", name))
        cls.cluster.kubectl("wait", "--for=condition=Ready", "pod/on-node-a", "pod/on-node-b", "--timeout=30s")

    def each(self):
        """A node, a kubectl that speaks WebSockets or one that speaks SPDY, and a way to call it."""
        binaries = list(some_kubectls().values())
        for node in ("node-a", "node-b"):
            for binary in (binaries[0], binaries[-1]):
                yield node, binary, functools.partial(self.cluster.kubectl, binary=binary)

    def test_exec(self):
        for node, binary, kubectl in self.each():
            pod = f"on-{node}"
            done = kubectl("exec", pod, "--", "sh", "-c", "hostname; echo err >&2; exit 3", check=False)
            self.assertEqual((done.returncode, done.stdout), (3, pod + "\n"))
            self.assertEqual(done.stderr, "err\ncommand terminated with exit code 3\n")
            self.assertEqual(kubectl("exec", "-i", pod, "--", "cat", stdin="in\nput").stdout, "in\nput")
            self.assertEqual(len(kubectl("exec", pod, "--", "head", "-c", "3000000", "/dev/zero").stdout), 3000000)
            refused = kubectl("exec", pod, "--", "nosuch", check=False)
            self.assertIn('exec: "nosuch": executable file not found in $PATH', refused.stderr)
            terminal = Terminal(self.cluster.kubectl_command("exec", "-it", pod, "--", "sh", "-c",
                                                             "read x; while [ \"$(stty size)\" != '44 132' ]; do sleep 0.05; done; "
                                                             "echo now $(stty size); exit 7", binary=binary), 33, 101)
            terminal.resize(44, 132)
            terminal.type("word\n")
            terminal.read_until(r"now 44 132\r\n")
            self.assertEqual(terminal.wait(), 7)

    def test_a_client_that_is_killed_takes_its_command_with_it(self):
        script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done | grep -c '^sleep 555' || true"
        for node, binary, kubectl in self.each():
            client = subprocess.Popen(self.cluster.kubectl_command("exec", f"on-{node}", "--", "sleep", "555", binary=binary),
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            running = lambda: int(kubectl("exec", f"on-{node}", "--", "sh", "-c", script).stdout)  # noqa: E731
            wait_for("the command", lambda: running() == 1)
            client.kill()
            client.wait()
            wait_for("its end", lambda: running() == 0)

    def test_copy(self):
        for node, _, kubectl in self.each():
            here = tempfile.mkdtemp(dir=self.cluster.directory)
            os.makedirs(f"{here}/tree/below")
            for name, size in (("a", 5), ("below/b", 3_000_000)):
                with open(f"{here}/tree/{name}", "wb") as file:
                    file.write(os.urandom(size))
            kubectl("cp", f"{here}/tree", f"on-{node}:/tmp/tree-{os.path.basename(here)}")
            kubectl("cp", f"on-{node}:/tmp/tree-{os.path.basename(here)}", f"{here}/back")
            same = filecmp.cmpfiles(f"{here}/tree", f"{here}/back", ["a", "below/b"], shallow=False)
            self.assertEqual(same, (["a", "below/b"], [], []))

    def test_port_forward(self):
        for node, binary, kubectl in self.each():
            kubectl("exec", f"on-{node}", "--", "sh", "-c", "head -c 3000000 /dev/urandom > /www/big")
            digest = kubectl("exec", f"on-{node}", "--", "md5sum", "/www/big").stdout.split()[0]
            with subprocess.Popen(self.cluster.kubectl_command("port-forward", f"on-{node}", ":80", binary=binary),
                                  stdout=subprocess.PIPE, text=True) as forwarding:
                try:
                    port = re.search(r"127\.0\.0\.1:(\d+) ->", forwarding.stdout.readline())[1]
                    for _ in range(2):
                        fetch = f"curl -sS --noproxy '*' --fail http://127.0.0.1:{port}/big | md5sum"
                        self.assertEqual(run(self.cluster.inside(["sh", "-c", fetch])).stdout.split()[0], digest)
                finally:
                    forwarding.kill()

    def test_top(self):
        cluster = self.cluster
        cluster.kubectl("create", "-f", "-", stdin=BURNER)

        def top(*arguments, **options):
            lines = cluster.kubectl("top", *arguments, "--no-headers", **options).stdout.splitlines()
            return [line.split() for line in lines]

        # A container that did not run when the others were measured has no metrics yet.
        cluster.kubectl("wait", "--for=condition=Ready", "pod/burner", "--timeout=30s")
        rows = wait_for("all pods", lambda: (lambda found: {"burner", "on-node-a", "on-node-b"} <= set(found) and found)(
            {name: used for name, *used in top("pod")}))
        self.assertTrue(10 <= int(rows["burner"][0].rstrip("m")) <= 200, rows)
        self.assertTrue(all(memory.endswith("Mi") for _, memory in rows.values()), rows)
        for binary in some_kubectls().values():
            self.assertEqual([row[:2] for row in top("pod", "-l", "app=burner", "--containers", "--sort-by=cpu", binary=binary)],
                             [["burner", "busy"], ["burner", "idle"]])
            nodes = {name: used for name, *used in top("node", binary=binary)}
            for name in ("node-a", "node-b"):
                cpu, cpu_share, memory, memory_share = nodes[name]
                self.assertRegex(" ".join((cpu, cpu_share)), r"^[1-9]\d*m \d+%$")
                self.assertRegex(" ".join((memory, memory_share)), r"^[1-9]\d*Mi \d+%$")
        self.assertIn('pods "default/none" not found', cluster.kubectl("top", "pod", "none", check=False).stderr)
        self.assertIn("Window", cluster.kubectl("get", "pods.metrics.k8s.io").stdout.title())
        cluster.kubectl("delete", "pod", "burner")

    def test_an_agent_that_is_gone(self):
        self.cluster.start_agent("node-c")
        self.cluster.kubectl("create", "-f", "-", stdin=SHELL.replace("NODE", "node-c"))
        self.cluster.kubectl("wait", "--for=condition=Ready", "pod/on-node-c", "--timeout=30s")
        self.cluster.stop("node-c", signal.SIGKILL)
        done = self.cluster.kubectl("exec", "on-node-c", "--", "ls", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"error dialing backend: connect to 127\.0\.0\.1:\d+: Connection refused")


class RealContainersTest(unittest.TestCase):
    def test_pods_go_on_without_the_server(self):
        cluster = Distributed(isolated=True)
        self.addCleanup(cluster.close)
        cluster.start_agent("node-a", runtime="oci")
        self.assertEqual(cluster.get("node", "node-a")["spec"]["podCIDR"], "10.244.0.0/24")
        shared = f"{cluster.directory}/shared"
        os.mkdir(shared)

        def runs():
            with open(f"{shared}/runs", encoding="utf-8") as text:
                return len(text.readlines())

        def restarts():
            return cluster.get("pod", "ticker")["status"]["containerStatuses"][0]["restartCount"]

        cluster.kubectl("create", "-f", "-", stdin=TICKER.replace("DIRECTORY", shared))
        cluster.kubectl("wait", "--for=condition=Ready", "pod/ticker", "--timeout=30s")
        wait_for("its log, through the server", lambda: cluster.kubectl("logs", "ticker").stdout == "run\n")

        cluster.stop("server", signal.SIGKILL)
        open(f"{shared}/end", "w", encoding="utf-8").close()
        wait_for("the container to begin again", lambda: runs() == 2)
        cluster.start_server()
        wait_for("the server to hear of it", lambda: restarts() == 1)
        # An agent that is killed loses nothing either.
        cluster.stop("node-a", signal.SIGKILL)
        cluster.start_agent("node-a", runtime="oci")
        wait_for("the node", lambda: cluster.condition("node-a")["status"] == "True")
        self.assertEqual((runs(), restarts()), (2, 1))
        cluster.kubectl("delete", "pod", "ticker", "--grace-period=1")


    def test_static_pods_need_no_server(self):
        cluster = Distributed(isolated=True)
        self.addCleanup(cluster.close)
        shared = f"{cluster.directory}/shared"
        manifests = f"{cluster.directory}/manifests"
        os.mkdir(shared)
        os.mkdir(manifests)
        start_agent = functools.partial(cluster.start_agent, "node-a", "--pod-manifest-path", manifests, runtime="oci")

        def runs():
            with open(f"{shared}/runs", encoding="utf-8") as text:
                return len(text.readlines())

        # An agent must have met its server once.
        start_agent()
        cluster.stop("server", signal.SIGKILL)
        with open(f"{manifests}/ticker.yaml", "w", encoding="utf-8") as manifest:
            manifest.write(TICKER.replace("DIRECTORY", shared))
        wait_for("the container to begin", lambda: os.path.exists(f"{shared}/runs") and runs() == 1)
        open(f"{shared}/end", "w", encoding="utf-8").close()
        wait_for("the container to begin again", lambda: runs() == 2)
        # Nor does an agent that starts without a server start it once more.
        cluster.stop("node-a", signal.SIGKILL)
        start_agent()
        open(f"{shared}/end", "w", encoding="utf-8").close()
        wait_for("the container to begin for the third time", lambda: runs() == 3)

        cluster.start_server()
        wait_for("the mirror", lambda: "ticker-node-a" in cluster.running_on("").get("node-a", []))
        status = cluster.get("pod", "ticker-node-a")["status"]["containerStatuses"][0]
        self.assertEqual((status["restartCount"], runs()), (2, 3))
        wait_for("its log, through the server", lambda: "run" in cluster.kubectl("logs", "ticker-node-a").stdout)
        os.remove(f"{manifests}/ticker.yaml")
        wait_for("the end of both", lambda: cluster.get("pods")["items"] == [])


class NodeLostTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Distributed(*IMPATIENT)
        self.addCleanup(self.cluster.close)

    def events(self, name, reason):
        events = self.cluster.get("events", "--field-selector", f"involvedObject.name={name},reason={reason}")["items"]
        return [event["message"] for event in events]

    def test_a_node_is_lost_and_comes_back(self):
        cluster = self.cluster
        for name in ("node-a", "node-b", "node-c"):
            cluster.start_agent(name)
        # Pods are spread over the nodes that there are when they are scheduled.
        wait_for("the nodes", lambda: all(cluster.is_schedulable(name) for name in ("node-a", "node-b", "node-c")))
        cluster.kubectl("create", "-f", "-", stdin=WEB + "---" + DAEMONS)
        before = wait_for("pods on all nodes", lambda: (lambda found: len(found) == 3 and sum(map(len, found.values())) == 6
                                                        and found)(cluster.running_on("app=web")))
        wait_for("a daemon on each", lambda: len(cluster.running_on("app=daemons")) == 3)

        self.assertEqual(cluster.stop("node-a", signal.SIGKILL), -signal.SIGKILL)
        wait_for("the node to be given up", lambda: cluster.condition("node-a")["status"] == "Unknown")
        ready = cluster.condition("node-a")
        self.assertEqual(ready["reason"], "NodeStatusUnknown")
        self.assertEqual(ready["message"], "Kubelet stopped posting node status.")
        self.assertIn("NotReady", cluster.kubectl("get", "node", "node-a").stdout)
        taints = wait_for("the taints", lambda: cluster.get("node", "node-a")["spec"].get("taints"))
        self.assertEqual({(t["key"], t["effect"]) for t in taints}, {("node.kubernetes.io/unreachable", "NoSchedule"),
                                                                     ("node.kubernetes.io/unreachable", "NoExecute")})
        moved = wait_for("its pods on the other nodes",
                         lambda: (lambda found: "node-a" not in found and sum(map(len, found.values())) == 6
                                  and found)(cluster.running_on("app=web")))
        self.assertTrue(set(before["node-b"]) <= set(moved["node-b"]))
        self.assertTrue(set(before["node-c"]) <= set(moved["node-c"]))

        lost = cluster.get("pod", before["node-a"][0])
        self.assertIn("deletionTimestamp", lost["metadata"])
        target = next(c for c in lost["status"]["conditions"] if c["type"] == "DisruptionTarget")
        self.assertEqual((target["reason"], target["message"]),
                         ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"))
        self.assertIn("Terminating", cluster.kubectl("get", "pod", before["node-a"][0]).stdout)
        self.assertEqual(self.events("node-a", "NodeNotReady"), ["Node node-a status is now: NodeNotReady"])
        self.assertEqual(self.events(before["node-a"][0], "TaintManagerEviction"),
                         [f"Marking for deletion Pod default/{before['node-a'][0]}"])
        # The daemon stays with its node, and is not ready while nobody knows.
        daemons = {p["spec"]["nodeName"]: p for p in cluster.get("pods", "-l", "app=daemons")["items"]}
        self.assertNotIn("deletionTimestamp", daemons["node-a"]["metadata"])
        self.assertEqual(self.events(daemons["node-a"]["metadata"]["name"], "NodeNotReady"), ["Node is not ready"])

        cluster.start_agent("node-a")
        wait_for("the node to be ready again", lambda: cluster.condition("node-a")["status"] == "True")
        wait_for("no taints", lambda: "taints" not in cluster.get("node", "node-a")["spec"])
        wait_for("the end of the pods that were moved", lambda: len(cluster.get("pods", "-l", "app=web")["items"]) == 6)
        self.assertEqual(cluster.running_on("app=web"), moved)
        wait_for("the daemon", lambda: len(cluster.running_on("app=daemons")) == 3)
        # Once for each of its agents.
        wait_for("the event", lambda: self.events("node-a", "NodeReady") == ["Node node-a status is now: NodeReady"] * 2)

    def test_the_server_goes_and_comes(self):
        cluster = self.cluster
        cluster.start_agent("node-a")
        cluster.kubectl("create", "deployment", "web", "--image=x", "--replicas=2")
        pods = wait_for("pods", lambda: (lambda found: len(found.get("node-a", [])) == 2 and found)(
            cluster.running_on("app=web")))
        self.assertEqual(cluster.kubectl("logs", pods["node-a"][0]).returncode, 0)
        self.assertEqual(cluster.stop("server", signal.SIGKILL), -signal.SIGKILL)
        cluster.start_server()
        cluster.kubectl("scale", "deployment", "web", "--replicas=3")
        after = wait_for("one more pod", lambda: (lambda found: len(found.get("node-a", [])) == 3 and found)(
            cluster.running_on("app=web")))
        self.assertTrue(set(pods["node-a"]) <= set(after["node-a"]))
        wait_for("the node", lambda: cluster.condition("node-a")["status"] == "True")
        wait_for("the heartbeat", lambda: cluster.get("lease", "-n", "kube-node-lease", "node-a"))
        self.assertEqual(cluster.stop("node-a"), 0)

    def test_who_may_join(self):
        cluster = self.cluster
        common = ["--runtime", "fake", "--node-name", "x", "--data-dir", f"{cluster.directory}/x", "--port", "0"]
        stranger = cluster.token[:-1] + ("0" if cluster.token[-1] != "0" else "1")
        refused = run([SKIFF, "agent", "--server", cluster.url, "--token", stranger, *common], check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("shows no certificate authority whose public key has the hash", refused.stderr)
        guessed = f"{cluster.token[:7]}{'0' * 16}{cluster.token[23:]}"
        refused = run([SKIFF, "agent", "--server", cluster.url, "--token", guessed, *common], check=False)
        self.assertEqual((refused.returncode, refused.stderr.strip()), (1, "skiff: the server refuses the token: Unauthorized"))
        self.assertEqual(cluster.get("nodes")["items"], [])
        joined = run([SKIFF, "token", "create", "--print-join-command", "--data-dir", f"{cluster.directory}/server"]).stdout
        self.assertIn(f"skiff agent --server {cluster.url} --token ", joined)


if __name__ == "__main__":
    unittest.main()
