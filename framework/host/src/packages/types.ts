// SPDX-License-Identifier: Apache-2.0
import type { Manifest, ManifestFile } from '@sonde/kit';

/** A probe package that was found on disk and whose manifest is valid. Nothing of it has been run or loaded. */
export interface ProbePackage {
  /** The npm name, e.g. `@sonde/probe-tcp`. */
  name: string;
  version: string;
  /** The npm name that it was found by; absent if its path was given. What it calls itself proves nothing. */
  npmName?: string;
  /** The package's directory, symbolic links resolved. */
  directory: string;
  manifest: Manifest;
  /** The manifest with the places of its parts, for messages. */
  source: ManifestFile;
  /** Absolute paths of the BPF objects, best first; a probe that reads only procfs has none. */
  objectFiles: readonly string[];
  /** Absolute path of the decoder's JavaScript, if the package has one. */
  decoderFile?: string;
}
