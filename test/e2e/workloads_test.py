"""ReplicationControllers, DaemonSets and Jobs under the kubectls on the machine, and Jobs in real containers."""

import unittest

from harness import ClusterTestCase, wait_for
from kubectls import some_kubectls, with_every_kubectl, with_kubectls

REPLICATION_CONTROLLER = """
apiVersion: v1
kind: ReplicationController
metadata: {name: front}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: front}}
    spec:
      containers:
      - {name: c, image: "x:1"}
"""

DAEMON_SET = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: log}
spec:
  selector: {matchLabels: {app: log}}
  template:
    metadata: {labels: {app: log}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: c, image: "x:1"}
"""

# In the fake runtime a container with the command "exit" ends at once.
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec:
  completions: 3
  parallelism: 2
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: c, image: "x:1", command: ["exit", "0"]}
"""


class WorkloadsTest(ClusterTestCase):
    runtime = "fake"
    options = ("--nodes", "3")

    def pods(self, kubectl):
        return self.cluster.get("pods", "-n", kubectl.namespace)["items"]

    def status(self, kubectl, *what):
        return self.cluster.get(*what, "-n", kubectl.namespace)["status"]

    @with_every_kubectl
    def test_replication_controller(self, kubectl):
        self.assertEqual(kubectl("create", "-f", "-", stdin=REPLICATION_CONTROLLER), "replicationcontroller/front created\n")
        kubectl("scale", "rc", "front", "--replicas=3")
        wait_for("three pods", lambda: self.status(kubectl, "rc", "front").get("readyReplicas") == 3)
        row = kubectl("get", "rc", "-o", "wide").splitlines()
        self.assertEqual(row[0].split(), "NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR".split())
        self.assertEqual(row[1].split()[:4], ["front", "3", "3", "3"])
        self.assertEqual(row[1].split()[-1], "app=front")
        self.assertIn("3 current / 3 desired", kubectl("describe", "rc", "front"))
        kubectl("delete", "rc", "front", "--timeout=30s")
        wait_for("the pods to go", lambda: not self.pods(kubectl))

    @with_every_kubectl
    def test_daemon_set(self, kubectl):
        self.assertEqual(kubectl("apply", "-f", "-", stdin=DAEMON_SET), "daemonset.apps/log created\n")
        self.assertIn("successfully rolled out", kubectl("rollout", "status", "ds/log"))
        self.assertEqual(len({pod["spec"]["nodeName"] for pod in self.pods(kubectl)}), 3)
        row = kubectl("get", "ds").splitlines()
        self.assertEqual(row[0].replace("NODE SELECTOR", "NODE-SELECTOR").split(),
                         "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE-SELECTOR AGE".split())
        self.assertEqual(row[1].split()[:7], ["log", "3", "3", "3", "3", "3", "<none>"])
        self.assertIn("Desired Number of Nodes Scheduled: 3", kubectl("describe", "ds", "log"))
        kubectl("set", "image", "ds/log", "c=x:2")
        kubectl("rollout", "status", "ds/log")
        self.assertEqual({pod["spec"]["containers"][0]["image"] for pod in self.pods(kubectl)}, {"x:2"})
        history = kubectl("rollout", "history", "ds/log")
        self.assertEqual([line.split()[0] for line in history.splitlines() if line[:1].isdigit()], ["1", "2"])
        self.assertEqual(kubectl("rollout", "undo", "ds/log"), "daemonset.apps/log rolled back\n")
        kubectl("rollout", "status", "ds/log")
        self.assertEqual({pod["spec"]["containers"][0]["image"] for pod in self.pods(kubectl)}, {"x:1"})

    @with_kubectls(some_kubectls, at_a_time=1)  # they share the nodes
    def test_draining_ignores_daemon_sets(self, kubectl):
        kubectl("apply", "-f", "-", stdin=DAEMON_SET)
        kubectl("rollout", "status", "ds/log")
        node = self.pods(kubectl)[0]["spec"]["nodeName"]
        drained = kubectl.run("drain", node, "--ignore-daemonsets", "--timeout=30s")
        self.assertIn("ignoring DaemonSet-managed Pods", (drained.stdout + drained.stderr).replace("Ignoring", "ignoring"))
        kubectl("uncordon", node)
        kubectl("delete", "ds", "log", "--timeout=30s")
        wait_for("the pods to go", lambda: not self.pods(kubectl))

    @with_every_kubectl
    def test_job(self, kubectl):
        self.assertEqual(kubectl("create", "-f", "-", stdin=JOB), "job.batch/sum created\n")
        kubectl("wait", "--for=condition=complete", "job/sum", "--timeout=30s")
        status = self.status(kubectl, "job", "sum")
        self.assertEqual((status["succeeded"], status["completedIndexes"]), (3, "0-2"))
        self.assertEqual(sorted(pod["spec"]["hostname"] for pod in self.pods(kubectl)), ["sum-0", "sum-1", "sum-2"])
        row = kubectl("get", "jobs").splitlines()
        self.assertEqual(row[0].split(), "NAME STATUS COMPLETIONS DURATION AGE".split())
        self.assertEqual(row[1].split()[:3], ["sum", "Complete", "3/3"])
        described = kubectl("describe", "job", "sum")
        self.assertIn("Completed", described)
        if kubectl.has(1, 21):  # older ones know no indexes
            self.assertRegex(described, r"Completed Indexes: +0-2\n")
        kubectl("delete", "job", "sum", "--timeout=30s")
        wait_for("the pods to go", lambda: not self.pods(kubectl))

    @with_every_kubectl
    def test_a_job_that_fails(self, kubectl):
        kubectl("create", "job", "fails", "--image=x:1", "--", "exit", "1")
        wait_for("a failed pod", lambda: self.status(kubectl, "job", "fails").get("failed") == 1)
        self.assertRegex(kubectl("describe", "job", "fails"), r"Pods Statuses: .* 1 F(ailed|AILED)\n")
        kubectl("delete", "job", "fails", "--timeout=30s")
        wait_for("its pods to go", lambda: not self.pods(kubectl))


REAL_JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: real}
spec:
  completions: 2
  parallelism: 2
  completionMode: Indexed
  backoffLimitPerIndex: 0
  podFailurePolicy:
    rules:
    - {action: FailJob, onExitCodes: {operator: In, values: [42]}}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
      - name: c
        image: skiff/demo:1
        command: [sh, -c, COMMAND]
"""


class RealJobTest(ClusterTestCase):
    def run_job(self, command, condition):
        self.cluster.apply(REAL_JOB.replace("COMMAND", command))
        self.cluster.kubectl("wait", f"--for=condition={condition}", "job/real", "--timeout=60s")
        return self.cluster.get("job", "real")

    def tearDown(self):
        self.cluster.kubectl("delete", "job", "real", "--ignore-not-found", "--timeout=60s")
        wait_for("the pods to go", lambda: not self.cluster.get("pods")["items"])

    def test_containers_know_their_index(self):
        self.run_job("'echo $JOB_COMPLETION_INDEX on $(hostname)'", "complete")
        logs = self.cluster.kubectl("logs", "-l", "job-name=real", "--prefix=false").stdout.splitlines()
        self.assertEqual(sorted(logs), ["0 on real-0", "1 on real-1"])

    def test_an_exit_code_fails_the_job(self):
        job = self.run_job("'if [ $JOB_COMPLETION_INDEX = 1 ]; then exit 42; fi; sleep 1000'", "failed")
        failed = [c for c in job["status"]["conditions"] if c["type"] == "Failed"][0]
        self.assertEqual(failed["reason"], "PodFailurePolicy")
        self.assertRegex(failed["message"], "^Container c for pod default/real-1-.* failed with exit code 42 matching "
                                            "FailJob rule at index 0$")
        self.assertNotIn("active", job["status"])


if __name__ == "__main__":
    unittest.main()
