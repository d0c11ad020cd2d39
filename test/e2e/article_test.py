"""The article's examples (shared/spec/pods-and-configmaps.txt) as printed, on real containers.

Two things differ from the print: `imagePullPolicy: IfNotPresent` stands also where the article leaves it to the default for :latest,
since nothing here can be pulled; and the article's second Deployment named docker-pod is called tomcat-pod beside the first.
"""

import json
import pathlib
import re
import unittest

from harness import ClusterTestCase, wait_for

ARTICLE = pathlib.Path(__file__).parent / "article"


class ArticleTest(ClusterTestCase):
    def tearDown(self):
        self.cluster.kubectl("delete", "deployments,pods,configmaps", "--all", "--wait=true", "--grace-period=1")
        # Those, too, that a ReplicaSet made anew before it was collected.
        wait_for("the pods to go", lambda: not self.cluster.get("pods")["items"])

    def test_a_deployment_in_the_old_version_warns_and_runs(self):
        created = self.cluster.kubectl("create", "-f", str(ARTICLE / "nginx.yaml"))
        self.assertEqual(created.stdout, "deployment.apps/nginx-deployment created\n")
        self.assertIn("apps/v1beta2 Deployment is deprecated", created.stderr)
        self.cluster.wait_running("app=nginx", 5)
        table = self.cluster.kubectl("get", "pod").stdout.splitlines()
        self.assertEqual(table[0].split(), ["NAME", "READY", "STATUS", "RESTARTS", "AGE"])
        self.assertEqual(len(table), 6)
        for line in table[1:]:
            name, ready, status, restarts, _ = line.split()
            self.assertRegex(name, r"^nginx-deployment-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$")
            self.assertEqual((ready, status, restarts), ("1/1", "Running", "0"))
        self.assertEqual(self.cluster.get("deployment", "nginx-deployment")["apiVersion"], "apps/v1")

    def test_the_current_version_does_not_warn(self):
        text = (ARTICLE / "nginx.yaml").read_text(encoding="utf-8").replace("apps/v1beta2", "apps/v1")
        created = self.cluster.kubectl("create", "-f", "-", stdin=text)
        self.assertNotIn("deprecated", created.stderr)
        self.cluster.wait_running("app=nginx", 5)

    def test_pods_are_seen_creating_and_then_running(self):
        start = self.cluster.revision()
        self.cluster.kubectl("create", "-f", str(ARTICLE / "docker.yaml"))
        self.cluster.wait_running("app=test", 1)
        # The same events as tables, as `kubectl get pods -w` shows them.
        events = self.cluster.curl(
            f"/api/v1/namespaces/default/pods?watch=1&timeoutSeconds=1&resourceVersion={start}",
            "-H", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io").stdout
        rows = [json.loads(line)["object"]["rows"][0]["cells"][1:3] for line in events.splitlines()]
        self.assertEqual(rows[0], ["0/2", "Pending"])
        self.assertIn(["0/2", "ContainerCreating"], rows)
        self.assertEqual(rows[-1], ["2/2", "Running"])

    def test_two_containers_share_network_and_volumes(self):
        self.cluster.kubectl("create", "-f", str(ARTICLE / "docker.yaml"))
        pod = self.cluster.wait_running("app=test", 1)[0]
        line = self.cluster.kubectl("get", "pod", "-o", "wide").stdout.splitlines()[1].split()
        self.assertEqual(line[1:4], ["2/2", "Running", "0"])
        self.assertEqual(line[5:7], [pod["status"]["podIP"], "node-1"])
        self.assertIn("Hello from a pod", self.cluster.http_get(pod["status"]["podIP"] + ":80"))
        self.assertIn("Hello from a pod", self.cluster.http_get(pod["status"]["podIP"] + ":8080"))

        self.cluster.apply("""
apiVersion: v1
kind: Pod
metadata: {name: pair}
spec:
  restartPolicy: Never
  volumes: [{name: shared, emptyDir: {}}]
  containers:
  - name: server
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [/bin/sh, -c, "echo from the server > /data/file; httpd -f -p 8081 -h /data"]
    volumeMounts: [{name: shared, mountPath: /data}]
  - name: client
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [/bin/sh, -c, "until wget -q -O - http://localhost:8081/file; do sleep 0.1; done; cat /volume/file; hostname; sleep 1000"]
    volumeMounts: [{name: shared, mountPath: /volume}]
""")
        wait_for("the client's output", lambda: self.cluster.kubectl(
            "logs", "pair", "-c", "client").stdout == "from the server\nfrom the server\npair\n")

    def test_describe_shows_what_the_article_shows(self):
        self.cluster.kubectl("create", "-f", str(ARTICLE / "docker.yaml"))
        pod = self.cluster.wait_running("app=test", 1)[0]
        name = pod["metadata"]["name"]
        template_hash = pod["metadata"]["labels"]["pod-template-hash"]
        patterns = [
            rf"^Name: +{name}$", r"^Namespace: +default$", r"^Node: +node-1/[0-9.]+$",
            r"^Start Time: +\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$", r"^Labels: +app=test$",
            rf"^ +pod-template-hash={template_hash}$", r"^Annotations: +<none>$", r"^Status: +Running$",
            rf"^IP: +{re.escape(pod['status']['podIP'])}$", rf"^Controlled By: +ReplicaSet/docker-pod-{template_hash}$",
            r"^  docker-nginx-docker:$", r"^    Container ID: +skiff://[0-9a-f]{64}$",
            r"^    Image: +daocloud.io/library/nginx:1.13.0-alpine$", r"^    Image ID: +.*sha256:[0-9a-f]{64}$",
            r"^    Port: +80/TCP$", r"^    Host Port: +0/TCP$", r"^    State: +Running$", r"^      Started: +\w{3}, ",
            r"^    Ready: +True$", r"^    Restart Count: +0$", r"^    Environment: +<none>$", r"^  docker-tomcat-docker:$",
            r"^Conditions:$", r"^  Initialized +True ?$", r"^  Ready +True ?$", r"^  ContainersReady +True ?$",
            r"^  PodScheduled +True ?$", r"^Volumes:", r"^QoS Class: +BestEffort$", r"^Node-Selectors: +<none>$",
            r"^Tolerations: +node.kubernetes.io/not-ready:NoExecute op=Exists for 300s$", r"^Events:$",
            rf"^  Normal +Scheduled .* Successfully assigned default/{name} to node-1$",
            r"^  Normal +Pulled .* kubelet +Container image \"daocloud.io/library/nginx:1.13.0-alpine\" already present on machine",
            r"^  Normal +Created .* kubelet +Created container: docker-nginx-docker$",
            r"^  Normal +Started .* kubelet +Started container docker-nginx-docker$"]

        # Events are written later than the status.
        def all_are_there():
            text = self.cluster.kubectl("describe", "pod", name).stdout
            for pattern in patterns:
                self.assertRegex(text, re.compile(pattern, re.MULTILINE))
            return True

        wait_for("all that the article shows", all_are_there)

    def test_a_config_map_reaches_the_environment(self):
        self.cluster.kubectl("create", "-f", str(ARTICLE / "configmap.yaml"))
        self.cluster.kubectl("create", "-f", str(ARTICLE / "configmap-pod.yaml"))
        wait_for("the pod to complete", lambda: self.cluster.get("pod", "docker-pod")["status"]["phase"] == "Succeeded")
        lines = self.cluster.kubectl("logs", "docker-pod").stdout.splitlines()
        self.assertEqual(sorted(lines), ["configmapDir=/var/data", "configmapPod=www.docker.com"])
        self.assertIn("Completed", self.cluster.kubectl("get", "pod", "docker-pod").stdout)

    def test_a_config_map_is_made_in_four_ways(self):
        directory = pathlib.Path(self.cluster.directory) / "config"
        directory.mkdir(exist_ok=True)
        server_xml = directory / "server.xml"
        server_xml.write_text("<Server port=\"8005\"/>\n", encoding="utf-8")
        (directory / "other.properties").write_text("a=b\n", encoding="utf-8")
        kubectl = self.cluster.kubectl
        kubectl("create", "-f", str(ARTICLE / "configmap.yaml"))
        kubectl("create", "configmap", "test-server.xml", f"--from-file={server_xml}")
        kubectl("create", "configmap", "test-configmap", "--from-literal=loglevel=info", "--from-literal=appdatadir=/var/data")
        kubectl("create", "configmap", "test-directory", f"--from-file={directory}")
        data = {item["metadata"]["name"]: item["data"] for item in self.cluster.get("configmaps")["items"]}
        self.assertEqual(data["docker-configmap"], {"keyinfo": "www.docker.com", "dockerDir": "/var/data"})
        self.assertEqual(data["test-server.xml"], {"server.xml": "<Server port=\"8005\"/>\n"})
        self.assertEqual(data["test-configmap"], {"loglevel": "info", "appdatadir": "/var/data"})
        self.assertEqual(sorted(data["test-directory"]), ["other.properties", "server.xml"])
        table = kubectl("get", "configmap", "test-configmap").stdout.splitlines()
        self.assertEqual(table[0].split(), ["NAME", "DATA", "AGE"])
        self.assertEqual(table[1].split()[:2], ["test-configmap", "2"])
        described = kubectl("describe", "configmap", "test-configmap").stdout
        self.assertIn("appdatadir:\n----\n/var/data\n", described)

    def test_a_config_map_is_mounted_as_one_file(self):
        self.cluster.kubectl("create", "-f", str(ARTICLE / "tomcat.yaml"))
        pod = self.cluster.wait_running("app=tomcat", 1)[0]
        self.cluster.apply("""
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  restartPolicy: Never
  volumes: [{name: serverxml, configMap: {name: tomcat-server-config, items: [{key: server.xml, path: server.xml}]}}]
  containers:
  - name: reader
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [/bin/sh, -c, "cat /etc/app/server.xml; ls /etc/app; ls /etc/passwd /etc/one.xml"]
    volumeMounts:
    - {name: serverxml, mountPath: /etc/app}
    - {name: serverxml, mountPath: /etc/one.xml, subPath: server.xml}
""")
        self.assertEqual(pod["status"]["containerStatuses"][0]["restartCount"], 0)
        wait_for("the reader to end", lambda: self.cluster.get("pod", "reader")["status"]["phase"] == "Succeeded")
        text = self.cluster.kubectl("logs", "reader").stdout
        self.assertIn('<Server port="8005" shutdown="SHUTDOWN">', text)
        self.assertTrue(text.endswith("server.xml\n/etc/one.xml\n/etc/passwd\n"), text)


if __name__ == "__main__":
    unittest.main()
