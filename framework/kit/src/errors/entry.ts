// SPDX-License-Identifier: Apache-2.0

/** One row of the error table. */
export interface ErrorEntry {
  /** HTTP status of the REST answer. */
  status: number;
  /** Exit code of the command line. */
  exit: 1 | 2 | 3 | 4 | 5;
  /** What kind of error it is, the same for every occurrence (RFC 9457 `title`). */
  title: string;
  /** This occurrence, with `{placeholders}`. */
  message: string;
  /** What to do about it, with `{placeholders}`. */
  hint: string;
  /** When it happens and why, for the error reference. */
  doc: string;
}

/** Where in somebody's input an error is. Lines and columns count from 1; `pointer` is a JSON pointer (RFC 6901). */
export interface Place {
  file?: string;
  line?: number;
  column?: number;
  pointer?: string;
}

/** `probe.yaml:12:5 (/entities/tcp.link)`, or as much of it as is known. */
export function formatPlace(place: Place): string {
  const position = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
  if (!place.pointer) return position;
  return position ? `${position} (${place.pointer})` : place.pointer;
}
