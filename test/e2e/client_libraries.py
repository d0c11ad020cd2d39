"""Where client libraries are that the tests use as their users do."""

import os
import pathlib
import subprocess

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
# Debian's own, which its modules are installed for.
PYTHON = "/usr/bin/python3"
# The folder of @kubernetes/client-node, which test/run fetches where npm is.
NODE_PACKAGE = os.environ.get("SKIFF_CLIENT_NODE", "")


def has_python_client():
    return subprocess.run([PYTHON, "-c", "import kubernetes"], capture_output=True).returncode == 0


def has_node_client():
    return os.path.isdir(NODE_PACKAGE)


def client_environment(cluster):
    return dict(os.environ, KUBECONFIG=cluster.kubeconfig, HOME=cluster.directory, no_proxy="*")
