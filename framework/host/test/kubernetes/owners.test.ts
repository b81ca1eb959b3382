// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { ownerByPod, Owners } from '../../src/kubernetes/owners.ts';

describe('the owner of a pod, by what its labels and name say', () => {
  test.each([
    ['a deployment', 'web-5d4f8c7b9-x2x4k', { 'pod-template-hash': '5d4f8c7b9' }, { kind: 'ReplicaSet', name: 'web-5d4f8c7b9' }],
    ['a stateful set', 'db-0', { 'controller-revision-hash': 'db-6c', 'statefulset.kubernetes.io/pod-name': 'db-0' }, { kind: 'StatefulSet', name: 'db' }],
    ['a daemon set', 'agent-x2x4k', { 'controller-revision-hash': '6c' }, { kind: 'DaemonSet', name: 'agent' }],
    ['a job', 'nightly-1-abcde', { 'batch.kubernetes.io/job-name': 'nightly-1' }, { kind: 'Job', name: 'nightly-1' }],
    ['a job of before 1.27', 'nightly-1-abcde', { 'job-name': 'nightly-1' }, { kind: 'Job', name: 'nightly-1' }],
  ])('of %s', (_, name, labels, owner) => {
    expect(ownerByPod(name, labels)).toEqual(owner);
  });

  test('of none', () => {
    expect(ownerByPod('kube-proxy', { app: 'x' })).toBeUndefined();
  });
});

test('the deployment above a replica set is known from its name and the hash, without asking', () => {
  const owners = new Owners(undefined, () => {});
  const found = [...owners.attributes('shop', { kind: 'ReplicaSet', name: 'web-5d4f8c7b9' }, { 'pod-template-hash': '5d4f8c7b9' })];
  expect(found).toEqual([
    ['k8s.replicaset.name', 'web-5d4f8c7b9'],
    ['k8s.deployment.name', 'web'],
  ]);
  expect([...owners.attributes('shop', { kind: 'Job', name: 'once' }, {})]).toEqual([['k8s.job.name', 'once']]);
  expect([...owners.attributes('shop', { kind: 'Node', name: 'n' }, {})]).toEqual([]);
});
