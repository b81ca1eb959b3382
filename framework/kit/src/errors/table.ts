// SPDX-License-Identifier: Apache-2.0
import type { ErrorEntry } from './entry.ts';

/**
 * Every error that Sonde shows to a person or over REST, in one place. `docs/reference/errors.md` is generated from it.
 *
 * `{name}` in a template stands for a value given to `sondeError`. All placeholders of `message` must be given;
 * a sentence of `hint` is left out when one of its values is absent or empty.
 *
 * Exit codes: 1 failed, 2 wrong usage of a command, 3 bad input (configuration, manifest, object),
 * 4 the machine lacks something (privileges, kernel feature, port), 5 the host cannot be reached.
 */
export const errorTable = {
  // Anything
  SONDE_INTERNAL: {
    status: 500,
    exit: 1,
    title: 'Unexpected error',
    message: 'unexpected error: {reason}',
    hint: 'This is a bug in Sonde. Please report it with the log of the host.',
    doc: 'Something failed that no part of Sonde foresaw. What was running keeps running where that is possible.',
  },
  SONDE_USAGE: {
    status: 400,
    exit: 2,
    title: 'Wrong usage of a command',
    message: '{problem}',
    hint: 'Run `{command} --help` for what there is.',
    doc: 'A command line has an unknown command, an unknown option or lacks an argument.',
  },
  SONDE_FILE_UNREADABLE: {
    status: 422,
    exit: 3,
    title: 'A file cannot be read',
    message: 'cannot read {file}: {reason}',
    hint: 'Check that the path is right and that the user who runs Sonde may read it.',
    doc: 'A configuration file, a manifest or an object that was named does not exist or is not readable.',
  },

  // Input that a person wrote: sonde.yaml, probe.yaml, a REST body
  SONDE_INPUT_INVALID: {
    status: 422,
    exit: 3,
    title: 'Input with several problems',
    message: '{count} problems in {file}',
    hint: '',
    doc: 'A file or request body has more than one problem. Each is listed with a code, a place and a hint of its own.',
  },
  SONDE_INPUT_SYNTAX: {
    status: 400,
    exit: 3,
    title: 'Not valid YAML or JSON',
    message: '{reason}',
    hint: 'Check indentation, quotes and brackets near this place.',
    doc: 'The text could not be parsed, so nothing in it was looked at.',
  },
  SONDE_INPUT_UNKNOWN_KEY: {
    status: 422,
    exit: 3,
    title: 'Unknown key',
    message: "unknown key '{key}'",
    hint: 'Did you mean {nearest}? The keys here are {known}.',
    doc: 'Keys that Sonde does not know are errors, so that a misspelt one never goes unnoticed.',
  },
  SONDE_INPUT_MISSING_KEY: {
    status: 422,
    exit: 3,
    title: 'A required key is missing',
    message: "'{key}' is required here",
    hint: 'It means: {meaning}',
    doc: 'An object lacks a key without which it has no meaning.',
  },
  SONDE_INPUT_TYPE: {
    status: 422,
    exit: 3,
    title: 'A value of the wrong type',
    message: '{expected} expected, {found} found',
    hint: 'It means: {meaning}',
    doc: 'For instance a number where a list belongs. In YAML, quote a value that must be a string.',
  },
  SONDE_INPUT_VALUE: {
    status: 422,
    exit: 3,
    title: 'A value that is not allowed',
    message: '{found} is not allowed: {rule}',
    hint: 'Did you mean {nearest}? It means: {meaning}',
    doc: 'The value has the right type but is outside of its range, pattern or list of values.',
  },
} as const satisfies Record<string, ErrorEntry>;
