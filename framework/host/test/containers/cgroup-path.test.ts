// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { cgroupOfSpec, containerPlace } from '../../src/containers/cgroup-path.ts';

const id = '0123456789abcdef'.repeat(4);
const uid = '6f8e1c52-3b1a-4a57-9c8d-0a1b2c3d4e5f';
const escaped = uid.replaceAll('-', '_');

describe('the path of a cgroup names its container', () => {
  test.each([
    ['Docker, cgroupfs', `/docker/${id}`],
    ['Docker, systemd', `/system.slice/docker-${id}.scope`],
    ['Docker with a parent of the user', `/batch/night/${id}`],
    ['Docker, rootless', `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`],
    ['Podman, cgroupfs', `/libpod_parent/libpod-${id}`],
    ['Podman, systemd', `/machine.slice/libpod-${id}.scope/container`],
    ['Podman in a pod of its own', `/machine.slice/machine-libpod_pod_${id}.slice/libpod-${id}.scope`],
    ['containerd', `/default/${id}`],
    ['nerdctl, systemd', `/system.slice/nerdctl-${id}.scope`],
    ['systemd inside of a container', `/docker/${id}/system.slice/nginx.service`],
  ])('of %s', (_, path) => {
    expect(containerPlace(path)).toEqual({ id });
  });

  test.each([
    ['containerd, cgroupfs', `/kubepods/besteffort/pod${uid}/${id}`],
    ['containerd, cgroupfs, guaranteed', `/kubepods/pod${uid}/${id}`],
    ['containerd, systemd', `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`],
    ['containerd, systemd, guaranteed', `/kubepods.slice/kubepods-pod${escaped}.slice/cri-containerd-${id}.scope`],
    ['containerd with the other driver than the kubelet', `/system.slice/containerd.service/kubepods-burstable-pod${escaped}.slice:cri-containerd:${id}`],
    ['CRI-O, systemd', `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${escaped}.slice/crio-${id}.scope`],
    ['CRI-O, systemd, new', `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${escaped}.slice/crio-${id}.scope/container`],
    ['CRI-O, cgroupfs', `/kubepods/burstable/pod${uid}/crio-${id}`],
    ['Docker under Kubernetes', `/kubepods.slice/kubepods-pod${escaped}.slice/docker-${id}.scope`],
    ['a cluster within a container', `/docker/${'f'.repeat(64)}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${escaped}.slice/cri-containerd-${id}.scope`],
  ])('and pod, of %s', (_, path) => {
    expect(containerPlace(path)).toEqual({ id, podUid: uid });
  });

  test('and a static pod, whose uid is a hash', () => {
    const hash = 'ab'.repeat(16);
    expect(containerPlace(`/kubepods/burstable/pod${hash}/${id}`)).toEqual({ id, podUid: hash });
  });

  test.each(['/', '/system.slice/docker.service', '/user.slice/user-0.slice/session-1.scope', `/system.slice/libpod-conmon-${id}.scope`,
    `/kubepods.slice/kubepods-pod${escaped}.slice`, `/machine.slice/crio-conmon-${id}.scope`, `/docker/${id.slice(1)}`])(
    'and none where there is none: %s',
    (path) => {
      expect(containerPlace(path)).toBeUndefined();
    },
  );
});

test.each([
  ['/default/web', '/default/web'],
  ['machine.slice:ctr:web', '/machine.slice/ctr-web.scope'],
  ['machine-qemu.slice:ctr:web', '/machine.slice/machine-qemu.slice/ctr-web.scope'],
  [':nerdctl:web', '/system.slice/nerdctl-web.scope'],
  ['relative/web', undefined],
])('the specification of a container names its cgroup: %s', (cgroupsPath, path) => {
  expect(cgroupOfSpec(Buffer.from(JSON.stringify({ linux: { cgroupsPath } })))).toBe(path);
  expect(cgroupOfSpec(Buffer.from('{}'))).toBeUndefined();
});
