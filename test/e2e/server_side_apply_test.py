"""Server-side apply as kubectl does it, in every version on the machine: conflicts, force, and the ways to and from the
client-side one."""

import json
import unittest

from harness import ClusterTestCase, kubectls

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

    def with_each(self, work):
        """Calls `work` with every kubectl, and without a Deployment at the start."""
        for version, binary in kubectls().items():
            def kubectl(*arguments, binary=binary, **options):
                return self.cluster.kubectl(*arguments, binary=binary, **options)

            with self.subTest(version):
                try:
                    work(kubectl)
                finally:
                    kubectl("delete", "deployment", "web", "--ignore-not-found")

    def owners(self):
        """Manager and operation of each entry but the system's own."""
        entries = self.cluster.get("deployment", "web", "--show-managed-fields")["metadata"]["managedFields"]
        return {f"{entry['manager']} {entry['operation']}" for entry in entries
                if entry["manager"] != "kube-controller-manager"}

    def test_conflicts_and_force(self):
        def work(kubectl):
            apply = ("apply", "--server-side", "-f", "-")
            self.assertEqual(kubectl(*apply, stdin=MANIFEST).stdout, "deployment.apps/web serverside-applied\n")
            self.assertEqual(self.owners(), {"kubectl Apply"})
            other = (*apply, "--field-manager", "other")
            refused = kubectl(*other, stdin=replicas(5), check=False)
            self.assertIn('Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas', refused.stderr)
            kubectl(*other, "--force-conflicts", stdin=replicas(5))
            self.assertIn('conflict with "other": .spec.replicas', kubectl(*apply, stdin=MANIFEST, check=False).stderr)
            kubectl(*apply, stdin=replicas(5))
            self.assertEqual(self.owners(), {"kubectl Apply", "other Apply"})

        self.with_each(work)

    def test_scale_takes_replicas(self):
        def work(kubectl):
            kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST)
            kubectl("scale", "deployment", "web", "--replicas", "7")
            refused = kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST, check=False)
            self.assertRegex(refused.stderr, r'conflict with "\S+" with subresource "scale" using apps/v1: .spec.replicas')
            dry = kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", stdin=MANIFEST)
            self.assertEqual(dry.stdout, "deployment.apps/web serverside-applied (server dry run)\n")
            self.assertEqual(self.cluster.get("deployment", "web")["spec"]["replicas"], 7)

        self.with_each(work)

    def test_from_client_side_and_back(self):
        def work(kubectl):
            kubectl("apply", "-f", "-", stdin=MANIFEST)
            self.assertEqual(self.owners(), {"kubectl-client-side-apply Update"})
            kubectl("apply", "--server-side", "-f", "-", stdin=replicas(4))
            self.assertEqual(self.cluster.get("deployment", "web")["spec"]["replicas"], 4)
            # The annotation was kept in step, so that what goes here is known to have been there.
            kubectl("apply", "-f", "-", stdin=replicas(6).replace("        env: [{name: A, value: b}]\n", ""))
            spec = self.cluster.get("deployment", "web")["spec"]
            self.assertEqual(spec["replicas"], 6)
            self.assertNotIn("env", spec["template"]["spec"]["containers"][0])

        self.with_each(work)

    def test_diff(self):
        def work(kubectl):
            kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST)
            same = kubectl("diff", "--server-side", "-f", "-", stdin=MANIFEST, check=False)
            self.assertEqual((same.returncode, same.stdout), (0, ""))
            changed = kubectl("diff", "--server-side", "-f", "-", stdin=replicas(9), check=False)
            self.assertEqual(changed.returncode, 1)
            self.assertIn("+  replicas: 9", changed.stdout)

        self.with_each(work)

    def test_other_writers_keep_their_fields(self):
        def work(kubectl):
            kubectl("apply", "--server-side", "-f", "-", stdin=MANIFEST)
            kubectl("label", "deployment", "web", "tier=front")
            kubectl("patch", "deployment", "web", "--type=json", "--patch",
                    json.dumps([{"op": "add", "path": "/spec/minReadySeconds", "value": 5}]))
            kubectl("apply", "--server-side", "-f", "-", stdin=replicas(2))
            web = self.cluster.get("deployment", "web")
            self.assertEqual(web["metadata"]["labels"], {"app": "web", "tier": "front"})
            self.assertEqual(web["spec"]["minReadySeconds"], 5)
            self.assertEqual(web["spec"]["replicas"], 2)

        self.with_each(work)


if __name__ == "__main__":
    unittest.main()
