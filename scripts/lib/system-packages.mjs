// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetupError, progress, quietly } from './progress.mjs';
import { tools } from './paths.mjs';

const includes = [
  '/usr/include',
  ...['x86_64', 'aarch64'].map((machine) => `/usr/include/${machine}-linux-gnu`),
  '/usr/local/include',
];
const libraries = [
  ...['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu`),
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
];

const command = (name) => () => onPath(name) !== undefined;
const header = (name) => () => includes.some((folder) => existsSync(join(folder, name)));
const cniPlugin = (name) => () => existsSync(join('/usr/lib/cni', name)) || existsSync(join('/usr/libexec/cni', name));
const library = (name) => () => libraries.some((folder) => existsSync(join(folder, name)));

/** What building takes: Debian's package, Fedora's, and how to see that it is there. */
const toBuild = [
  { debian: 'clang', fedora: 'clang', present: command('clang') },
  { debian: 'llvm', fedora: 'llvm', present: command('llvm-strip') },
  { debian: 'libbpf-dev', fedora: 'libbpf-devel libbpf-static', present: library('libbpf.a') },
  { debian: 'libelf-dev', fedora: 'elfutils-libelf-devel elfutils-libelf-devel-static', present: header('gelf.h') },
  { debian: 'zlib1g-dev', fedora: 'zlib-devel zlib-static', present: header('zlib.h') },
  { debian: 'libuv1-dev', fedora: 'libuv-devel', present: header('uv.h') },
  { debian: 'g++', fedora: 'gcc-c++', present: command('g++') },
  { debian: 'make', fedora: 'make', present: command('make') },
];

/** What the tests take beyond that. */
const toTest = [
  { debian: 'systemtap-sdt-dev', fedora: 'systemtap-sdt-devel', present: header('sys/sdt.h') },
  { debian: 'bpftool', fedora: 'bpftool', present: command('bpftool') },
  { debian: 'nftables', fedora: 'nftables', present: command('nft') },
  { debian: 'iproute2', fedora: 'iproute', present: command('ip') },
  { debian: 'curl', fedora: 'curl', present: command('curl') },
  { debian: 'openssl', fedora: 'openssl', present: command('openssl') },
  { debian: 'openjdk-17-jre-headless', fedora: 'java-17-openjdk-headless', present: command('java') },
  { debian: 'maven', fedora: 'maven', present: command('mvn') },
  { debian: 'redis-tools', fedora: 'redis', present: command('redis-benchmark') },
  { debian: 'wrk', fedora: 'wrk', present: command('wrk') },
  { debian: 'iperf3', fedora: 'iperf3', present: command('iperf3') },
  { debian: 'python3', fedora: 'python3', present: command('python3') },
  { debian: 'python3-pip', fedora: 'python3-pip', present: () => command('go')() || command('pip')() },
  { debian: 'apache2-bin', fedora: 'httpd', present: command('apache2') },
  { debian: 'kcat', fedora: 'kcat', present: command('kcat') },
  { debian: 'busybox-static', fedora: 'busybox', present: command('busybox') },
  { debian: 'containerd', fedora: 'containerd', present: command('containerd') },
  { debian: 'runc', fedora: 'runc', present: command('runc') },
  { debian: 'docker.io', fedora: 'moby-engine', present: command('dockerd') },
  { debian: 'podman', fedora: 'podman', present: command('podman') },
  { debian: 'containernetworking-plugins', fedora: 'containernetworking-plugins', present: cniPlugin('bridge') },
];

/** What the benchmarks take beyond that. */
const toBench = [{ debian: 'nghttp2-client', fedora: 'nghttp2', present: command('h2load') }];

/** What guests with other kernels take beyond that. */
const toBoot = [
  { debian: 'qemu-system-x86', fedora: 'qemu-system-x86', present: command('qemu-system-x86_64') },
  { debian: 'cpio', fedora: 'cpio', present: command('cpio') },
  { debian: 'kmod', fedora: 'kmod', present: command('modprobe') },
  { debian: 'xz-utils', fedora: 'xz', present: command('xz') },
];

/**
 * Servers that the tests start themselves. Unpacked beside the project rather than installed: their packages would
 * start them on this machine.
 */
const toUnpack = [
  { debian: 'prometheus', program: 'usr/bin/prometheus' },
  { debian: 'nginx', program: 'usr/sbin/nginx' },
];

/**
 * Installs the system packages that are missing, after saying which.
 *
 * @throws SetupError where apt is absent or may not be used: the message says what to install
 */
export async function installSystemPackages({ tests = false, benchmarks = false, guests = false } = {}) {
  const wanted = [tests && toTest, benchmarks && toBench, guests && toBoot].filter(Boolean);
  const needs = [toBuild, ...wanted].flat();
  await install(needs.filter((need) => !need.present()));
  if (tests) for (const server of toUnpack) await unpack(server);
}

async function install(missing) {
  if (missing.length === 0) return;
  const packages = missing.map((need) => need.debian);
  if (onPath('apt-get') === undefined) {
    const others = missing.map((need) => need.fedora).join(' ');
    throw new SetupError(
      `Missing on this system, named as on Debian: ${packages.join(' ')}\n` +
        `Install what holds the same here (on Fedora: dnf install ${others}), then run this again.`,
    );
  }
  if (process.getuid() !== 0) {
    throw new SetupError(`Missing system packages. As root: apt-get install ${packages.join(' ')}`);
  }
  console.log(`Installing system packages that are missing: ${packages.join(' ')}`);
  await progress('Installing system packages', () => aptInstall(packages));
}

async function aptInstall(packages) {
  const install = () => apt(['install', '-y', '--no-install-recommends', ...packages]);
  if (!hasPackageLists()) await apt(['update']);
  try {
    await install();
  } catch {
    await apt(['update']); // the lists may be older than the mirror
    await install();
  }
}

async function unpack({ debian, program }) {
  const folder = join(tools, 'debian');
  if (onPath(basename(program)) || existsSync(join(folder, program))) return;
  if (onPath('apt-get') === undefined) throw new SetupError(`Missing on this system: ${debian}, for the tests.`);
  mkdirSync(folder, { recursive: true });
  await progress(`Fetching Debian's ${debian} for the tests`, async () => {
    if (!hasPackageLists()) await apt(['update']);
    const fetch = () => apt(['download', '-o', 'APT::Sandbox::User=root', debian], folder);
    await fetch().catch(async () => {
      await apt(['update']);
      await fetch();
    });
    const archive = readdirSync(folder).find((name) => name.startsWith(`${debian}_`) && name.endsWith('.deb'));
    await quietly('dpkg-deb', ['-x', join(folder, archive), folder]);
  });
}

function apt(args, cwd) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return quietly('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, cwd });
}

function hasPackageLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.endsWith('_Packages') || name.endsWith('.lz4'));
  } catch {
    return false;
  }
}

/** Where a program is on PATH (system folders included, which a user's PATH may lack), or undefined. */
function onPath(name) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
