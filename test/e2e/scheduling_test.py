"""Pods that look at other pods, with stock kubectl: topology spread over zones, anti-affinity between the pods of a Deployment."""

import collections
import unittest

from harness import ClusterTestCase, wait_for
from kubectls import with_some_kubectls

ZONE = "topology.kubernetes.io/zone"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: x:1}]
"""
SPREAD = DEPLOYMENT + """
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
"""
APART = DEPLOYMENT + """
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {app: web}}}
"""


class SchedulingTest(ClusterTestCase):
    runtime = "fake"
    options = ("--nodes", "6")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        nodes = [node["metadata"]["name"] for node in cls.cluster.get("nodes")["items"]]
        cls.zones = dict(zip(nodes, "abbccc"))
        for node, zone in cls.zones.items():
            cls.cluster.kubectl("label", "node", node, f"{ZONE}={zone}")

    def pods_by_zone(self, kubectl):
        nodes = [pod["spec"].get("nodeName") for pod in kubectl.get("pods", "-l", "app=web")["items"]]
        return collections.Counter(self.zones.get(node) for node in nodes)

    @with_some_kubectls
    def test_spread_over_zones(self, kubectl):
        kubectl("create", "-f", "-", stdin=SPREAD % 7)
        kubectl("rollout", "status", "deployment/web", "--timeout=30s")
        self.assertEqual(sorted(self.pods_by_zone(kubectl).values()), [2, 2, 3])

    @with_some_kubectls
    def test_apart_from_each_other(self, kubectl):
        kubectl("create", "-f", "-", stdin=APART % 4)
        wait_for("three pods to be placed", lambda: self.pods_by_zone(kubectl) == {"a": 1, "b": 1, "c": 1, None: 1})
        waiting = kubectl.get("pods", "--field-selector=spec.nodeName=")["items"]
        self.assertEqual(len(waiting), 1)
        message = ("0/6 nodes are available: 6 node(s) didn't match pod anti-affinity rules. preemption: 0/6 nodes are available: "
                   "6 No preemption victims found for incoming pod.")
        wait_for("the event", lambda: message in kubectl("describe", "pod", waiting[0]["metadata"]["name"]))
        running = kubectl("get", "pods", "--field-selector=spec.nodeName!=", "-o", "name").split()
        kubectl("delete", running[0], "--now")
        wait_for("another to take its place", lambda: self.pods_by_zone(kubectl) == {"a": 1, "b": 1, "c": 1, None: 1})


if __name__ == "__main__":
    unittest.main()
