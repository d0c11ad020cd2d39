// What a user of npm's @kubernetes/client-node does. Run by clients_test.py inside the cluster's network namespace; fails by
// assertion. Its first argument is the package's folder.

import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const k8s = await import(pathToFileURL(path.join(process.argv[2], 'dist/index.js')));
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const namespace = 'node';
const collection = `/api/v1/namespaces/${namespace}/configmaps`;

// Resolves when `condition` holds, looking whenever `tell` is called.
class Progress {
    #waiting = [];
    tell() {
        this.#waiting = this.#waiting.filter(({ condition, resolve }) => !condition() || void resolve());
    }
    until(what, condition) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`${what}: not in time`)), 60_000);
            this.#waiting.push({ condition, resolve: () => resolve(clearTimeout(timer)) });
            this.tell();
        });
    }
}

function configMap(name, data = {}) {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

async function fails(code, promise) {
    const error = await promise.then(() => assert.fail(`no ${code}`), (failure) => failure);
    assert.equal(error.code, code, String(error));
    return JSON.parse(error.body);
}

// Writes so much that the server no longer knows what was before.
async function forgetHistory() {
    await objects.create(configMap('filler'));
    for (let number = 0; number < 30; number++) {
        await objects.patch(configMap('filler', { text: `${number % 10}`.repeat(800_000) }), undefined, undefined, undefined,
            undefined, k8s.PatchStrategy.MergePatch);
    }
    await objects.delete(configMap('filler'));
}

async function objectsThroughTheirLife() {
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    assert.equal((await fails(409, core.createNamespace({ body: { metadata: { name: namespace } } }))).reason, 'AlreadyExists');
    const created = await core.createNamespacedConfigMap({ namespace, body: configMap('a', { k: '1' }) });
    assert.ok(created.metadata.creationTimestamp instanceof Date);
    const patched = await objects.patch(configMap('a', { k: '2' }));
    assert.deepEqual(patched.data, { k: '2' });
    created.data = { k: 'late' };
    assert.equal((await fails(409, core.replaceNamespacedConfigMap({ name: 'a', namespace, body: created }))).reason, 'Conflict');
    assert.equal((await core.deleteNamespacedConfigMap({ name: 'a', namespace })).status, 'Success');
    assert.equal((await fails(404, core.readNamespacedConfigMap({ name: 'a', namespace }))).message, 'configmaps "a" not found');
}

async function pages() {
    for (let number = 0; number < 5; number++) await objects.create(configMap(`page-${number}`));
    const names = [];
    let token;
    do {
        const page = await core.listNamespacedConfigMap({ namespace, limit: 2, _continue: token });
        names.push(...page.items.map((item) => item.metadata.name));
        token = page.metadata._continue;
    } while (token);
    assert.deepEqual(names.filter((name) => name.startsWith('page-')), [0, 1, 2, 3, 4].map((number) => `page-${number}`));
    await core.deleteCollectionNamespacedConfigMap({ namespace });
}

async function anInformerThatIsStoppedAndExpires() {
    const progress = new Progress();
    const seen = [];
    const informer = k8s.makeInformer(config, collection, () => core.listNamespacedConfigMap({ namespace }));
    for (const verb of ['add', 'update', 'delete']) {
        informer.on(verb, (object) => {
            if (['one', 'two', 'three'].includes(object.metadata.name)) seen.push(`${verb} ${object.metadata.name}`);
            progress.tell();
        });
    }
    // stop() itself is told as an error of this name.
    informer.on('error', (error) => error.name === 'AbortError' || seen.push(`error ${error}`));
    await informer.start();
    await objects.create(configMap('one'));
    await progress.until('one', () => seen.includes('add one'));
    await objects.patch(configMap('one', { k: 'v' }));
    await progress.until('its change', () => seen.includes('update one'));

    await informer.stop();
    await objects.create(configMap('two'));
    await objects.delete(configMap('one'));
    await informer.start();
    await progress.until('what came meanwhile', () => seen.includes('add two') && seen.includes('delete one'));

    // Now the server has forgotten where it was: it must be told so and list again.
    await informer.stop();
    await objects.create(configMap('three'));
    await forgetHistory();
    await informer.start();
    await progress.until('what came before', () => seen.includes('add three'));
    await objects.delete(configMap('two'));
    await progress.until('its end', () => seen.includes('delete two'));
    await informer.stop();
    // A stopped informer goes on where its list was, not where its watch was: it sees some changes twice.
    assert.deepEqual([...new Set(seen)], ['add one', 'update one', 'add two', 'delete one', 'add three', 'delete two']);
}

async function aWatchIsTold410() {
    const old = (await core.listNamespacedConfigMap({ namespace })).metadata.resourceVersion;
    await forgetHistory();
    const events = [];
    await new Promise((resolve, reject) => {
        new k8s.Watch(config).watch(collection, { resourceVersion: old, timeoutSeconds: 20 },
            (type, object) => events.push([type, object.code, object.reason]), (error) => (error ? reject(error) : resolve()));
    });
    assert.deepEqual(events, [['ERROR', 410, 'Expired']]);
}

for (const step of [objectsThroughTheirLife, pages, anInformerThatIsStoppedAndExpires, aWatchIsTold410]) {
    await step();
    console.log('ok', step.name);
}
await core.deleteNamespace({ name: namespace });
