"""`skiff clean` and `skiff up --rm` leave the machine as they found it: a full inventory before and after, with all sorts of pods between."""

import os
import pathlib
import signal
import subprocess
import unittest

from harness import SKIFF, Cluster, run, wait_for
from own_machine import check_same, differences, inventory, on_its_own_machine

PODS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: green}
---
apiVersion: v1
kind: Pod
metadata: {name: many-things}
spec:
  shareProcessNamespace: true
  initContainers:
  - {name: first, image: "skiff/demo:1", command: ["true"]}
  - {name: sidecar, image: "skiff/demo:1", restartPolicy: Always, command: [sleep, "1000"]}
  containers:
  - name: web
    image: skiff/demo:1
    ports: [{containerPort: 80, hostPort: 8080}]
    resources: {limits: {cpu: 500m, memory: 64Mi}}
    volumeMounts:
    - {name: memory, mountPath: /memory}
    - {name: disk, mountPath: /disk}
    - {name: shared, mountPath: /shared}
    - {name: shared, mountPath: /part, subPath: part}
    - {name: settings, mountPath: /settings}
    - {name: settings, mountPath: /one/colour, subPath: colour}
  - {name: side, image: "skiff/demo:1", command: [sleep, "1000"], volumeMounts: [{name: memory, mountPath: /memory}]}
  volumes:
  - {name: memory, emptyDir: {medium: Memory}}
  - {name: disk, emptyDir: {}}
  - {name: shared, hostPath: {path: SHARED}}
  - {name: settings, configMap: {name: settings}}
---
apiVersion: v1
kind: Pod
metadata: {name: guest}
spec:
  hostNetwork: true
  hostPID: true
  containers: [{name: main, image: "skiff/demo:1", command: [sleep, "1000"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: crashing}
spec:
  containers: [{name: main, image: "skiff/demo:1", command: ["false"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: read-only}
spec:
  containers:
  - name: main
    image: skiff/demo:1
    command: [sleep, "1000"]
    securityContext: {readOnlyRootFilesystem: true, runAsUser: 1000}
    resources: {limits: {cpu: 100m, memory: 16Mi}}
"""

# What a data directory keeps: the cluster, and the images.
KEPT = {"data/images", "data/kubeconfig", "data/lock", "data/pki", "data/store.db"}


class CleanTest(unittest.TestCase):
    def make_cluster(self, *options):
        """A cluster that has used whatever a node can use, and the inventory from before it started."""
        bystanders = [os.path.join(top, "skiff/besteffort/pod-of-another-skiff") for top in self.cgroup_hierarchies()]
        for bystander in bystanders:
            os.makedirs(bystander)
        before = inventory()
        cluster = Cluster(*options, isolated=False)
        self.addCleanup(cluster.close)
        self.shared = pathlib.Path(cluster.directory, "shared")
        (self.shared / "part").mkdir(parents=True)
        (self.shared / "part/kept").write_text("kept\n", encoding="utf-8")
        cluster.apply(PODS.replace("SHARED", str(self.shared)))
        cluster.kubectl("wait", "--for=condition=Ready", "pod/many-things", "pod/guest", "pod/read-only", "--timeout=60s")
        self.clients = []
        self.addCleanup(self.end_clients)
        for command in (["port-forward", "many-things", "8081:80"],
                        ["exec", "many-things", "-c", "web", "--", "sh", "-c", "echo here; sleep 1000"]):
            self.clients.append(subprocess.Popen(cluster.kubectl_command(*command), stdout=subprocess.PIPE,
                                                 stderr=subprocess.DEVNULL, text=True))
            self.clients[-1].stdout.readline()
        for port in (8080, 8081):  # the host's, and the forwarded one
            self.assertIn("Hello", cluster.http_get(f"127.0.0.1:{port}"))
        wait_for("the container to crash", lambda: "CrashLoopBackOff" in cluster.kubectl("get", "pod", "crashing").stdout)

        used = {line.split(":")[0] for line in differences(before, inventory())}
        self.assertEqual(used, {f"+ {kind}" for kind in before if kind != "files"} | {"- network settings"}, "all that can be left")
        return cluster, before

    @staticmethod
    def cgroup_hierarchies():
        tops = [top for top in pathlib.Path("/sys/fs/cgroup").glob("*") if top.is_mount()]
        return tops or ["/sys/fs/cgroup"]

    def end_clients(self):
        while self.clients:
            client = self.clients.pop()
            client.kill()
            client.communicate()

    def check(self, cluster, before):
        self.end_clients()
        check_same(before)
        left = {str(path.relative_to(cluster.directory)) for path in pathlib.Path(cluster.data).glob("*")}
        self.assertEqual({path for path in left if not path.startswith("data/store.db-")}, KEPT)
        self.assertEqual((self.shared / "part/kept").read_text(encoding="utf-8"), "kept\n")

    @on_its_own_machine
    def test_clean_after_a_kill(self):
        cluster, before = self.make_cluster()
        cluster.stop(signal.SIGKILL)
        run([SKIFF, "clean", "--data-dir", cluster.data])
        self.check(cluster, before)
        # The cluster's objects are still there, so its pods are made again.
        cluster.start()
        self.assertIn("Hello", cluster.http_get("127.0.0.1:8080"))
        cluster.stop(signal.SIGKILL)
        run([SKIFF, "clean", "--data-dir", cluster.data])
        self.check(cluster, before)

    @on_its_own_machine
    def test_up_with_rm(self):
        cluster, before = self.make_cluster("--rm")
        self.assertEqual(cluster.stop(), 0)
        self.check(cluster, before)


if __name__ == "__main__":
    unittest.main()
