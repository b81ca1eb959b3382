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
  // Probe packages and the lifecycle of a probe
  SONDE_PACKAGE_NOT_FOUND: {
    status: 422,
    exit: 3,
    title: 'Probe package not found',
    message: 'no package {package} found from {base}',
    hint: 'Install it there with `npm install {package}`, or give its folder as a path that begins with ./ or /.',
    doc: '`package:` is a path, or the name of an npm package that is looked for from the folder of sonde.yaml upwards, then from the working directory, then beside the host.',
  },
  SONDE_PACKAGE_INVALID: {
    status: 422,
    exit: 3,
    title: 'Not a probe package',
    message: '{package} cannot be used: {reason}',
    hint: 'A probe package has a package.json with a name, and a manifest that `sonde.manifest` in it names (./probe.yaml by default).',
    doc: 'The package.json of the package is not usable, or it names a file outside of the package.',
  },
  SONDE_PACKAGE_FILE_MISSING: {
    status: 422,
    exit: 3,
    title: 'A file of a probe package is missing',
    message: '{package} names {path} as its {key}, and there is no such file',
    hint: 'Build the package (`sonde-probe build {package}`), or install it again.',
    doc: 'The manifest names an object or decoder that is not in the package; most often the package was not built.',
  },
  SONDE_PACKAGE_WRITABLE: {
    status: 422,
    exit: 3,
    title: 'A probe package that others may change',
    message: '{path} (owner {owner}, mode {mode}) may be changed by somebody who is neither root nor the owner of the host',
    hint: 'Run `chown -R root` and `chmod -R o-w` on the package.',
    doc: 'What the host loads into the kernel must not be writable by an ordinary user, who could otherwise run code in the kernel.',
  },
  SONDE_PROBE_UNKNOWN: {
    status: 404,
    exit: 3,
    title: 'No such probe',
    message: 'there is no probe {name}',
    hint: 'Did you mean {nearest}? `sonde ps` lists the probes.',
    doc: 'Neither sonde.yaml nor a request has named a probe so.',
  },
  SONDE_PROBE_NAME: {
    status: 422,
    exit: 3,
    title: 'A probe under another name',
    message: 'the package {package} is the probe "{manifest}", not "{name}"',
    hint: 'Write it under `probes: {manifest}:`.',
    doc: 'The key under `probes` must be the `name` of the manifest, so that a name means the same everywhere.',
  },
  SONDE_COLLECTOR_UNKNOWN: {
    status: 422,
    exit: 3,
    title: 'No such collector',
    message: 'the probe {probe} has no collector {collector}',
    hint: 'Did you mean {nearest}? It has {known}.',
    doc: 'A key under `collectors` is not a collector of the manifest.',
  },
  SONDE_OBJECT_CORRUPT: {
    status: 422,
    exit: 3,
    title: 'Not a BPF object',
    message: 'the file is no BPF object that libbpf can read: {reason}',
    hint: 'Build it again with `sonde-probe build`.',
    doc: 'The ELF file is damaged, empty, for another machine, or has no BTF.',
  },
  SONDE_OBJECT_REFUSED: {
    status: 422,
    exit: 4,
    title: 'The kernel refused a BPF object',
    message: 'the kernel refused {what}: {reason}',
    hint: '`sonde show` has the verifier log; `sonde doctor` tells what this kernel lacks.',
    doc: 'No program of the object could be loaded: the verifier refused each, or the kernel lacks what they attach to.',
  },
  SONDE_NO_PROGRAMS: {
    status: 422,
    exit: 4,
    title: 'None of the programs could be attached',
    message: 'no program of the enabled collectors could be attached: {reason}',
    hint: '`sonde show {probe}` lists each hook and why it is missing.',
    doc: 'Each program attaches or is reported missing on its own; only a probe without a single one fails.',
  },
  SONDE_NO_PRIVILEGES: {
    status: 500,
    exit: 4,
    title: 'Not enough privileges for BPF',
    message: 'the kernel refused for want of privileges: {reason}',
    hint: 'Run as root, or with the capabilities CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and CAP_NET_ADMIN (before kernel 5.11 also CAP_SYS_RESOURCE).',
    doc: 'Loading BPF programs needs CAP_BPF and CAP_PERFMON.',
  },
  SONDE_NO_KERNEL_BTF: {
    status: 500,
    exit: 4,
    title: 'The kernel has no BTF',
    message: 'the kernel exposes no type information: {reason}',
    hint: 'Use a kernel with CONFIG_DEBUG_INFO_BTF=y (/sys/kernel/btf/vmlinux exists), or name a BTF file for this kernel in `kernel.btf` of sonde.yaml.',
    doc: 'CO-RE programs are adapted to the kernel by its BTF. Distribution kernels have it since about 5.10.',
  },
  SONDE_PARAM_UNKNOWN: {
    status: 422,
    exit: 3,
    title: 'No such parameter',
    message: 'the probe {probe} has no parameter {param}',
    hint: 'Did you mean {nearest}? It has {known}.',
    doc: 'A key under `params` is not a parameter of the manifest.',
  },
  SONDE_BUDGET: {
    status: 422,
    exit: 1,
    title: 'A probe went over its budget',
    message: 'the probe {probe} used {used} of {budget} ({what}) and was {action}',
    hint: 'Raise `probes.{probe}.budgets`, or switch off the collector that costs most (`sonde show {probe}`).',
    doc: 'A probe over its budget first loses its dearest collectors, then is stopped.',
  },
} as const satisfies Record<string, ErrorEntry>;
