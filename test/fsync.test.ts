// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child, run } from './harness/child.ts';
import { ext4Folder } from './harness/ext4-folder.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { samplePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

let host: Host;
let folder: Awaited<ReturnType<typeof ext4Folder>>;
beforeAll(async () => {
  folder = await ext4Folder();
  host = await startHost({ probes: { fsync: { package: samplePackage('fsync'), collectors: { memory: true } } } });
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Runs the workload of the package as an executable of this name, and resolves when its last call was scraped. */
async function flush(name: string, ...options: string[]): Promise<Record<string, string>> {
  const fsyncs = await compile('packages/fsync/workload/fsyncs.c', { name });
  await run(fsyncs.path, [...options, folder.path]);
  return fsyncs.label;
}

test('counter, gauge and histogram agree with the known workload', async () => {
  const label = await flush('fsync-known', '-n', '3', '-s', '10', '-d', '5', '-b', '4096');
  const scrape = await host.scrapeUntil('45 calls', (seen) => seen.sum('fsync_calls_total', label) >= 45);
  expect(scrape.value('fsync_calls_total', { ...label, fsync_kind: 'fsync' })).toBe(30);
  expect(scrape.value('fsync_calls_total', { ...label, fsync_kind: 'fdatasync' })).toBe(15);
  expect(scrape.histogram('fsync_duration_seconds', label)).toMatchObject({ count: 45 });
  expect(scrape.histogram('fsync_duration_seconds', label).sum).toBeGreaterThan(0);
  expect(scrape.select('fsync_file_calls_total', label).map(({ value }) => value)).toEqual([15, 15, 15]);
});

test('the first alternative that this kernel takes is attached, and the status says why not the others', async () => {
  const { state, programs } = await host.probe('fsync');
  expect(state).toBe('running');
  const task = programs.find((program) => program.collector === 'calls' && program.task === 'ext4');
  expect(task?.state).toBe('attached');
  const passedOver = task?.reasons.map(({ attach }) => attach) ?? [];
  expect(passedOver).toEqual(['fentry/ext4_sync_file', 'kprobe/ext4_sync_file', 'tp_btf/ext4_sync_file_enter'].slice(0, passedOver.length));
  expect(task?.attach).toBe(['fentry/ext4_sync_file', 'kprobe/ext4_sync_file', 'tp_btf/ext4_sync_file_enter'][passedOver.length]);
  for (const { code, reason } of task?.reasons ?? []) {
    expect(code).not.toBe('');
    expect(reason).not.toBe('');
  }
});

test('an optional program that this kernel lacks is reported missing, with the reason', async () => {
  const { programs } = await host.probe('fsync');
  const f2fs = programs.find((program) => program.task === 'f2fs');
  expect(f2fs).toMatchObject({ optional: true, state: 'missing' });
  expect(f2fs?.reasons[0]).toMatchObject({ attach: 'tp_btf/f2fs_sync_file_enter', reason: expect.stringContaining('f2fs') });
});

test('a gauge is there while the process is', async () => {
  const fsyncs = await compile('packages/fsync/workload/fsyncs.c', { name: 'fsync-gauge' });
  await using _workload = new Child(fsyncs.path, ['-s', '100000', '-p', '1000', '-b', '12345', folder.path]);
  await host.scrapeUntil('the size of its file', (seen) => seen.value('fsync_file_size_bytes', fsyncs.label) === 12345);
});

test('a source in /proc counts for the whole machine', async () => {
  await flush('fsync-memory', '-n', '20', '-s', '1', '-b', '65536');
  const scrape = await host.scrapeUntil('pages written', (seen) => (seen.value('fsync_memory_written_total') ?? 0) > 0);
  expect(scrape.value('fsync_memory_dirty')).toBeGreaterThanOrEqual(0);
});

test('a live param changes what counts as slow, and events carry who it was', async () => {
  expect(await host.rest.put('/v1/probes/fsync', { params: { slowThreshold: '0s', reportSlow: true } })).toMatchObject({ status: 200 });
  const label = await flush('fsync-slow', '-s', '7');
  await host.scrapeUntil('7 slow calls', (seen) => seen.sum('fsync_slow_calls_total', label) === 7);
  const events = await waitFor('7 events', () => {
    const mine = host.events().filter((event) => JSON.stringify(event).includes('fsync-slow'));
    return mine.length >= 7 ? mine : undefined;
  });
  expect(events).toHaveLength(7);
  expect(JSON.stringify(events[0])).toContain('fsync.slow');
});

test('a collector that is switched off does not disturb the counts of another', async () => {
  expect(await host.rest.put('/v1/probes/fsync', { collectors: { duration: false } })).toMatchObject({ status: 200 });
  const label = await flush('fsync-toggled', '-s', '9');
  await host.rest.put('/v1/probes/fsync', { collectors: { duration: true } });
  await flush('fsync-toggled', '-s', '9');
  const scrape = await host.scrapeUntil('18 calls', (seen) => seen.sum('fsync_calls_total', label) >= 18);
  expect(scrape.sum('fsync_calls_total', label)).toBe(18);
  expect(scrape.histogram('fsync_duration_seconds', label).count).toBe(9);
});

test('what a map has no room for is still in the sum', async () => {
  expect(await host.rest.put('/v1/probes/fsync', { params: { maxFiles: 10 } })).toMatchObject({ status: 200, body: { state: 'running' } });
  const before = (await host.scrape()).sum('fsync_file_calls_total');
  await flush('fsync-files', '-n', '40', '-s', '1');
  const scrape = await host.scrapeUntil('40 calls', (seen) => seen.sum('fsync_file_calls_total') >= before + 40);
  expect(scrape.value('fsync_file_calls_total', { otel_metric_overflow: 'true' })).toBeGreaterThanOrEqual(30);
  expect(scrape.sum('sonde_overflow_total', { probe: 'fsync' })).toBeGreaterThanOrEqual(30);
});
