"""Every kubectl on the machine, from Debian's 1.20 on, does a newcomer's work unchanged."""

import unittest

from harness import ClusterTestCase, kubectls, wait_for

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: any}
spec:
  replicas: 2
  selector: {matchLabels: {app: any}}
  template:
    metadata: {labels: {app: any}}
    spec:
      containers:
      - name: c
        image: x:1
        ports: [{containerPort: 80}]
"""


class KubectlVersionsTest(ClusterTestCase):
    runtime = "fake"

    def test_there_are_some(self):
        self.assertGreaterEqual(len(kubectls()), 1)

    def test_each(self):
        for version, binary in kubectls().items():
            with self.subTest(version):
                self.work_with(binary)

    def work_with(self, binary):
        def kubectl(*arguments, **options):
            return self.cluster.kubectl(*arguments, binary=binary, **options)

        self.assertEqual(kubectl("create", "-f", "-", stdin=MANIFEST).stdout, "deployment.apps/any created\n")
        self.assertEqual(kubectl("apply", "-f", "-", stdin=MANIFEST.replace("replicas: 2", "replicas: 3")).stdout,
                         "deployment.apps/any configured\n")
        self.assertIn("successfully rolled out", kubectl("rollout", "status", "deployment/any").stdout)
        self.assertEqual(len(kubectl("get", "pods", "-l", "app=any", "--no-headers").stdout.splitlines()), 3)
        self.assertIn("NODE", kubectl("get", "pods", "-o", "wide").stdout.splitlines()[0])
        self.assertEqual(kubectl("get", "deployment", "any", "-o", "jsonpath={.spec.replicas}").stdout, "3")
        self.assertIn("StrategyType:", kubectl("describe", "deployment", "any").stdout)
        self.assertIn("kind: Deployment", kubectl("get", "deployment", "any", "-o", "yaml").stdout)
        unknown = kubectl("apply", "-f", "-", stdin=MANIFEST.replace("replicas: 2", "replicaz: 2"), check=False)
        self.assertNotEqual(unknown.returncode, 0)
        self.assertIn("replicaz", unknown.stderr)
        for api_version in ["apps/v1", "example.com/v1"]:
            nothing = kubectl("apply", "-f", "-", check=False,
                              stdin=f"apiVersion: {api_version}\nkind: Chair\nmetadata: {{name: c}}\n")
            self.assertIn(f'no matches for kind "Chair" in version "{api_version}"', nothing.stderr)
        self.assertIn("containerPort", kubectl("explain", "pod.spec.containers.ports").stdout)
        self.assertIn("deployments", kubectl("api-resources").stdout)
        self.assertIn("apps/v1", kubectl("api-versions").stdout)
        kubectl("label", "deployment", "any", "tier=front")
        kubectl("annotate", "deployment", "any", "note=x")
        kubectl("scale", "deployment", "any", "--replicas=1")
        kubectl("set", "image", "deployment/any", "c=x:2")
        kubectl("rollout", "status", "deployment/any")
        self.assertIn("REVISION", kubectl("rollout", "history", "deployment/any").stdout)
        kubectl("delete", "deployment", "any", "--timeout=30s")
        wait_for("the pods to go", lambda: not self.cluster.get("pods", "-l", "app=any")["items"])


if __name__ == "__main__":
    unittest.main()
