"""Limits of a namespace with stock kubectl: ResourceQuota, LimitRange and PriorityClass."""

import json
import unittest

from harness import ClusterTestCase, wait_for
from kubectls import with_some_kubectls

LIMIT_RANGE = """
apiVersion: v1
kind: LimitRange
metadata: {name: bounds}
spec:
  limits:
  - type: Container
    default: {cpu: 500m}
    defaultRequest: {cpu: 100m}
    max: {cpu: "1"}
"""


class QuotaTest(ClusterTestCase):
    runtime = "fake"

    @with_some_kubectls
    def test_limits(self, kubectl):
        def used():
            return json.loads(kubectl("get", "quota", "q", "-o", "jsonpath={.status.used}") or "{}")

        kubectl("create", "quota", "q", "--hard=pods=2,requests.cpu=1,count/deployments.apps=1")
        wait_for("the quota to be enforced", lambda: used().get("pods") == "0")

        refused = kubectl.fails("run", "bare", "--image=x:1")
        self.assertIn('pods "bare" is forbidden: failed quota: q: must specify requests.cpu for: bare', refused)
        kubectl("create", "-f", "-", stdin=LIMIT_RANGE)
        kubectl("run", "one", "--image=x:1")
        self.assertEqual(used(), {"pods": "1", "requests.cpu": "100m", "count/deployments.apps": "0"})
        self.assertIn("LimitRanger plugin set: cpu request for container one; cpu limit for container one",
                      kubectl("get", "pod", "one", "-o", "yaml").replace("\n     ", ""))
        kubectl("create", "deployment", "web", "--image=x:1")
        wait_for("the deployment's pod", lambda: used()["pods"] == "2")
        refused = kubectl.fails("run", "three", "--image=x:1")
        self.assertIn('pods "three" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2', refused)
        kubectl("delete", "pod", "one", "--now")
        wait_for("room for another pod", lambda: used()["pods"] == "1")

        table = kubectl("get", "quota").splitlines()
        self.assertEqual(table[0].split(), ["NAME", "REQUEST", "LIMIT", "AGE"])
        self.assertIn("count/deployments.apps: 1/1, pods: 1/2, requests.cpu: 100m/1", table[1])
        description = [line.split() for line in kubectl("describe", "quota", "q").splitlines()]
        self.assertIn(["pods", "1", "2"], description)
        self.assertIn("Container", kubectl("describe", "limits", "bounds"))
        namespaced = kubectl("describe", "namespace", kubectl.namespace)
        self.assertIn("Resource Quotas", namespaced)
        self.assertIn("Resource Limits", namespaced)
        kubectl("delete", "namespace", kubectl.namespace, "--timeout=30s")

    def test_priority_classes(self):
        kubectl = self.cluster.kubectl
        self.assertIn("system-node-critical", kubectl("get", "priorityclasses").stdout)
        kubectl("create", "priorityclass", "vip", "--value=1000", "--description=for us")
        kubectl("run", "important", "--image=x:1", "--overrides", json.dumps({"spec": {"priorityClassName": "vip"}}))
        self.assertEqual(kubectl("get", "pod", "important", "-o", "jsonpath={.spec.priority}").stdout, "1000")
        refused = kubectl("run", "x", "--image=x:1", "--overrides",
                          json.dumps({"spec": {"priorityClassName": "nobody"}}), check=False)
        self.assertIn('pods "x" is forbidden: no PriorityClass with name nobody was found', refused.stderr)


if __name__ == "__main__":
    unittest.main()
