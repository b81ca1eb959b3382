// SPDX-License-Identifier: Apache-2.0
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sondeError } from '@sonde/kit';
import type { ProbeOverlay } from './types.ts';

/** The overlays of all probes that have one, by name. */
export type Overlays = ReadonlyMap<string, ProbeOverlay>;

/** Keeps what REST laid over `sonde.yaml` in one JSON file of the state folder. */
export class OverlayFile {
  readonly path: string;

  constructor(stateFolder: string) {
    this.path = join(stateFolder, 'overlay.json');
  }

  /**
   * The overlays as last saved; none if the file does not exist.
   * @throws SONDE_OVERLAY_CORRUPT — going on without it could start what an operator had stopped
   */
  async load(): Promise<Overlays> {
    try {
      const { version, probes } = JSON.parse(await readFile(this.path, 'utf8'));
      if (version !== 1 || typeof probes !== 'object' || probes === null)
        throw new Error('not an overlay of version 1');
      return new Map(Object.entries(probes as Record<string, ProbeOverlay>));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw sondeError('SONDE_OVERLAY_CORRUPT', { reason: String(cause) }, { place: { file: this.path }, cause });
    }
  }

  /**
   * Replaces the file in one step, so that a crash leaves the former or the new one.
   * @throws SONDE_STATE_UNWRITABLE
   */
  async save(overlays: Overlays): Promise<void> {
    const content = { version: 1, probes: Object.fromEntries(overlays) };
    const temporary = `${this.path}.new`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o755 });
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw sondeError('SONDE_STATE_UNWRITABLE', { path: dirname(this.path), reason }, { cause });
    }
  }
}
