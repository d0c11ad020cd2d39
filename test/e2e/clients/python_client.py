"""What a user of python3-kubernetes does. Run by clients_test.py inside the cluster's network namespace; fails by assertion."""

import json

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
NAMESPACE = "python"
STEPS = []


def step(function):
    STEPS.append(function)
    return function


def fails(code, function, *arguments, **options):
    """The Status of a request that must fail."""
    try:
        function(*arguments, **options)
    except ApiException as error:
        assert error.status == code, error
        return json.loads(error.body)
    raise AssertionError(f"no {code}")


def config_map(name, data=None, labels=None):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data=data)


def forget_history():
    """Writes so much that the server no longer knows what was before."""
    core.create_namespaced_config_map(NAMESPACE, config_map("filler"))
    for number in range(30):
        core.patch_namespaced_config_map("filler", NAMESPACE, {"data": {"text": f"{number}" * 400_000}})
    core.delete_namespaced_config_map("filler", NAMESPACE)


def wait_for_event(function, resource_version, condition):
    """Watches from a version, or from the present state, until an event is as it should be."""
    options = {"resource_version": resource_version} if resource_version else {}
    for event in watch.Watch().stream(function, NAMESPACE, timeout_seconds=60, **options):
        if condition(event):
            return
    raise AssertionError("not in time")


def is_deletion(event):
    return event["type"] == "DELETED"


@step
def namespaces_and_errors():
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    assert NAMESPACE in [item.metadata.name for item in core.list_namespace().items]
    assert fails(409, core.create_namespace, {"metadata": {"name": NAMESPACE}})["reason"] == "AlreadyExists"
    missing = fails(404, core.read_namespaced_config_map, "none", NAMESPACE)
    assert missing["message"] == 'configmaps "none" not found', missing
    assert client.VersionApi().get_code().major == "1"


@step
def objects_through_their_life():
    made = core.create_namespaced_config_map(NAMESPACE, config_map("a", {"k": "1"}))
    merged = core.patch_namespaced_config_map("a", NAMESPACE, {"data": {"k": "2"}})
    assert merged.data == {"k": "2"}
    listed = core.patch_namespaced_config_map("a", NAMESPACE, [{"op": "add", "path": "/data/l", "value": "3"}])
    assert listed.data == {"k": "2", "l": "3"}
    made.data = {"k": "late"}
    assert fails(409, core.replace_namespaced_config_map, "a", NAMESPACE, made)["reason"] == "Conflict"
    made.metadata.resource_version = listed.metadata.resource_version
    assert core.replace_namespaced_config_map("a", NAMESPACE, made).data == {"k": "late"}
    assert core.delete_namespaced_config_map("a", NAMESPACE).status == "Success"
    fails(404, core.read_namespaced_config_map, "a", NAMESPACE)


@step
def pages_and_their_expiry():
    for number in range(5):
        core.create_namespaced_config_map(NAMESPACE, config_map(f"page-{number}", labels={"paged": "yes"}))
    paged = {"label_selector": "paged=yes", "limit": 2}
    names = []
    page = core.list_namespaced_config_map(NAMESPACE, **paged)
    token = page.metadata._continue
    core.delete_namespaced_config_map("page-3", NAMESPACE)
    while True:
        names += [item.metadata.name for item in page.items]
        if not page.metadata._continue:
            break
        page = core.list_namespaced_config_map(NAMESPACE, _continue=page.metadata._continue, **paged)
    assert names == [f"page-{number}" for number in range(5)], names

    forget_history()
    expired = fails(410, core.list_namespaced_config_map, NAMESPACE, _continue=token, **paged)
    assert expired["reason"] == "Expired"
    rest = core.list_namespaced_config_map(NAMESPACE, _continue=expired["metadata"]["continue"], **paged)
    assert [item.metadata.name for item in rest.items] == ["page-2", "page-4"]
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="paged=yes")
    assert not core.list_namespaced_config_map(NAMESPACE, label_selector="paged=yes").items


@step
def a_watch_that_is_taken_up_again():
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    for name in ["x", "y", "z"]:
        core.create_namespaced_config_map(NAMESPACE, config_map(name))
    core.delete_namespaced_config_map("x", NAMESPACE)
    seen = []
    position = start
    # Three connections, each of which brings one event or two.
    for wanted in [1, 2, 1]:
        watcher = watch.Watch()
        count = 0
        for event in watcher.stream(core.list_namespaced_config_map, NAMESPACE, resource_version=position, timeout_seconds=20):
            seen.append((event["type"], event["object"].metadata.name))
            position = event["object"].metadata.resource_version
            count += 1
            if count == wanted:
                watcher.stop()
    assert seen == [("ADDED", "x"), ("ADDED", "y"), ("ADDED", "z"), ("DELETED", "x")], seen


@step
def a_watch_from_what_is_forgotten():
    old = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    forget_history()
    try:
        for event in watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE, resource_version=old, timeout_seconds=20):
            raise AssertionError(event)
    except ApiException as error:
        assert error.status == 410 and "too old resource version" in error.reason, error
    # Who lists again, goes on.
    listed = core.list_namespaced_config_map(NAMESPACE)
    core.create_namespaced_config_map(NAMESPACE, config_map("again"))
    stream = watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE,
                                  resource_version=listed.metadata.resource_version, timeout_seconds=20)
    assert next(stream)["object"].metadata.name == "again"


@step
def a_deployment():
    labels = {"app": "py"}
    apps.create_namespaced_deployment(NAMESPACE, {
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}}})
    wait_for_event(apps.list_namespaced_deployment, None, lambda event: event["object"].status.ready_replicas == 2)
    before = core.list_namespaced_pod(NAMESPACE).metadata.resource_version
    scaled = apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 1}})
    assert scaled.spec.replicas == 1
    wait_for_event(core.list_namespaced_pod, before, is_deletion)
    before = apps.list_namespaced_deployment(NAMESPACE).metadata.resource_version
    apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Foreground")
    wait_for_event(apps.list_namespaced_deployment, before, is_deletion)
    assert not core.list_namespaced_pod(NAMESPACE, label_selector="app=py").items


@step
def the_dynamic_client():
    api = dynamic.DynamicClient(client.ApiClient())
    deployments = api.resources.get(api_version="apps/v1", kind="Deployment")
    assert deployments.namespaced and "watch" in deployments.verbs
    maps = api.resources.get(api_version="v1", kind="ConfigMap")
    maps.create(namespace=NAMESPACE, body={"metadata": {"name": "dynamic"}, "data": {"k": "v"}})
    assert maps.get(name="dynamic", namespace=NAMESPACE).data.k == "v"
    # Not by name=: this version then reads the object instead of watching it, here as with Kubernetes.
    for event in maps.watch(namespace=NAMESPACE, field_selector="metadata.name=dynamic", timeout=20):
        assert event["object"].metadata.name == "dynamic"
        break
    maps.delete(name="dynamic", namespace=NAMESPACE)


for function in STEPS:
    function()
    print("ok", function.__name__)
core.delete_namespace(NAMESPACE)
