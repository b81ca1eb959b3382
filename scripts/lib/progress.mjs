// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';

/** An expected failure: its message is all that the reader needs, without a stack. */
export class SetupError extends Error {}

/** Runs `work`; says so as soon as it takes longer than two seconds, and again how long it took. */
export async function progress(label, work) {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  let announced = false;
  const announce = () => {
    console.log(announced ? `${label} … ${seconds()}` : `${label} …`);
    announced = true;
  };
  const first = setTimeout(announce, 2000);
  const again = setInterval(announce, 20_000);
  try {
    const result = await work();
    if (announced) console.log(`${label}: done in ${seconds()}`);
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(again);
  }
}

/**
 * Runs a program to its end, silently unless it fails.
 *
 * @throws SetupError with the program's output
 */
export function quietly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => reject(new SetupError(`${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      const text = Buffer.concat(output).toString().trim();
      reject(new SetupError(`${[command, ...args].join(' ')} failed (${signal ?? code})\n${text}`));
    });
  });
}

/** Runs a program in the foreground, passes signals on to it, and resolves with its exit code. */
export function inForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: 'inherit' });
    const pass = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const each of signals) process.off(each, pass);
      resolve(code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 1));
    });
  });
}

/** Runs a script's body; a SetupError is shown as its message alone. Sets the exit code. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
