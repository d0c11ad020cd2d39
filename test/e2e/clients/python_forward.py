"""Forwards ports with python3-kubernetes. Run by streaming_test.py inside the cluster's network namespace: NAMESPACE POD; port 80 of
the pod serves, on port 81 nobody listens. Prints the MD5 sum of what /big is."""

import hashlib
import sys

from kubernetes import client, config
from kubernetes.stream import portforward

config.load_kube_config()
namespace, pod = sys.argv[1:]


def forward(ports):
    return portforward(client.CoreV1Api().connect_get_namespaced_pod_portforward, pod, namespace, ports=ports)


def fetch(connection, path):
    connection.setblocking(True)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {pod}\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK"), head
    return body


both = forward("80,81")
assert b"Hello from a pod." in fetch(both.socket(80), "/")
assert "connection refused" in both.error(81).lower(), both.error(81)
assert both.error(80) is None, both.error(80)
print(hashlib.md5(fetch(forward("80").socket(80), "/big")).hexdigest())
