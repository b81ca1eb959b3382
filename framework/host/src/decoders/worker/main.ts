// SPDX-License-Identifier: Apache-2.0
/**
 * The thread in which one package's decoder runs. Started by `DecoderWorker`, with `--no-addons` and an empty
 * environment.
 */
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { DecoderFactory } from '@sonde/kit/decoder';
import type { DecoderDefinition } from '../types.ts';
import { Runner } from './runner.ts';
import type { Answer, Job } from './protocol.ts';
import { transferables } from './transferables.ts';

const port = parentPort!;
const definition = workerData as DecoderDefinition;
const runner = new Runner(definition, await loadFactory(definition.file));

port.on('message', (job: Job) => {
  try {
    answer(runner.run(job));
  } catch (thrown) {
    answer({ type: 'failed', error: describe(thrown) });
    process.exit(1);
  }
});
answer({ type: 'ready' });

async function loadFactory(file: string): Promise<DecoderFactory> {
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (typeof module.default === 'function') return module.default as DecoderFactory;
  throw new TypeError(`${file} must have as its default export what defineDecoder() returns`);
}

function answer(message: Answer): void {
  port.postMessage(message, transferables(message));
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
