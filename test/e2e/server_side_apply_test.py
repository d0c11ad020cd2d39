"""Server-side apply as kubectl does it: conflicts, force, and the ways to and from the client-side one."""

import json
import unittest

from harness import ClusterTestCase
from kubectls import with_every_kubectl, with_some_kubectls

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: nginx
        image: nginx:1.13
        ports: [{containerPort: 80}]
        env: [{name: A, value: b}]
"""


def replicas(number):
    return MANIFEST.replace("replicas: 3", f"replicas: {number}")


class ServerSideApplyTest(ClusterTestCase):
    runtime = "fake"

    def web(self, kubectl):
        """The Deployment with its managed fields, which kubectl shows or hides as its version has it."""
        return json.loads(self.cluster.curl(f"/apis/apps/v1/namespaces/{kubectl.namespace}/deployments/web").stdout)

    def owners(self, kubectl):
        """Manager and operation of each entry but the system's own."""
        entries = self.web(kubectl)["metadata"]["managedFields"]
        return {f"{entry['manager']} {entry['operation']}" for entry in entries
                if entry["manager"] != "kube-controller-manager"}

    @with_every_kubectl
    def test_conflicts_and_force(self, kubectl):
        apply = ("apply", "--server-side", "-f", "-")
        self.assertEqual(kubectl(*apply, stdin=MANIFEST), "deployment.apps/web serverside-applied\n")
        self.assertEqual(self.owners(kubectl), {"kubectl Apply"})
        other = (*apply, "--field-manager", "other")
        refused = kubectl.fails(*other, stdin=replicas(5))
        self.assertIn('Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas', refused)
        kubectl(*other, "--force-conflicts", stdin=replicas(5))
        self.assertIn('conflict with "other": .spec.replicas', kubectl.fails(*apply, stdin=MANIFEST))
        kubectl(*apply, stdin=replicas(5))
        self.assertEqual(self.owners(kubectl), {"kubectl Apply", "other Apply"})

    @with_some_kubectls
    def test_scale_takes_replicas(self, kubectl):
        kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST)
        kubectl("scale", "deployment", "web", "--replicas", "7")
        refused = kubectl.fails("apply", "--server-side", "-f", "-", stdin=MANIFEST)
        self.assertRegex(refused, r'conflict with "\S+" with subresource "scale" using apps/v1: .spec.replicas')
        dry = kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", stdin=MANIFEST)
        self.assertEqual(dry, "deployment.apps/web serverside-applied (server dry run)\n")
        self.assertEqual(self.web(kubectl)["spec"]["replicas"], 7)

    @with_some_kubectls
    def test_from_client_side_and_back(self, kubectl):
        kubectl("apply", "-f", "-", stdin=MANIFEST)
        self.assertEqual(self.owners(kubectl), {"kubectl-client-side-apply Update"})
        kubectl("apply", "--server-side", "-f", "-", stdin=replicas(4))
        self.assertEqual(self.web(kubectl)["spec"]["replicas"], 4)
        # The annotation was kept in step, so that what goes here is known to have been there.
        kubectl("apply", "-f", "-", stdin=replicas(6).replace("        env: [{name: A, value: b}]\n", ""))
        spec = self.web(kubectl)["spec"]
        self.assertEqual(spec["replicas"], 6)
        self.assertNotIn("env", spec["template"]["spec"]["containers"][0])

    @with_some_kubectls
    def test_from_client_side_without_a_field(self, kubectl):
        kubectl("apply", "-f", "-", stdin=MANIFEST)
        without = MANIFEST.replace("  labels: {app: web}\n", "", 1)
        if kubectl.has(1, 26):  # older ones leave the fields to the manager "kubectl-client-side-apply"
            kubectl("apply", "--server-side", "-f", "-", stdin=without)
            self.assertNotIn("labels", self.web(kubectl)["metadata"])
        else:
            kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST)
            self.assertIn("labels", self.web(kubectl)["metadata"])

    @with_some_kubectls
    def test_diff(self, kubectl):
        config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {key: old}\n"  # whose status does not change
        kubectl("apply", "--server-side", "-f", "-", stdin=config_map)
        self.assertEqual(kubectl("diff", "--server-side", "-f", "-", stdin=config_map), "")
        changed = kubectl.run("diff", "--server-side", "-f", "-", stdin=config_map.replace("old", "new"), check=False)
        self.assertEqual(changed.returncode, 1)
        self.assertIn("+  key: new", changed.stdout)

    @with_some_kubectls
    def test_other_writers_keep_their_fields(self, kubectl):
        kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST)
        kubectl("label", "deployment", "web", "tier=front")
        kubectl("patch", "deployment", "web", "--type=json", "--patch",
                json.dumps([{"op": "add", "path": "/spec/minReadySeconds", "value": 5}]))
        kubectl("apply", "--server-side", "-f", "-", stdin=replicas(2))
        web = self.web(kubectl)
        self.assertEqual(web["metadata"]["labels"], {"app": "web", "tier": "front"})
        self.assertEqual(web["spec"]["minReadySeconds"], 5)
        self.assertEqual(web["spec"]["replicas"], 2)


if __name__ == "__main__":
    unittest.main()
