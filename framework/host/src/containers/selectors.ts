// SPDX-License-Identifier: Apache-2.0
import { anyKeyed, anyPattern, type TextMatcher } from '../labels/text-matchers.ts';
import { compilePattern } from '../targets/pattern.ts';
import type { CgroupSelectorKind } from '../targets/types.ts';
import type { Container, Containers, ImageFacts } from './types.ts';

/** So many digits of an id are enough to name a container, as in the lists of runtimes. */
const SHORT_ID = /^[0-9a-f]{12,63}$/;

/** The selectors that look at a process's container. */
export function containerSelectors(containers: Pick<Containers, 'at'>): CgroupSelectorKind[] {
  const select = (name: string, compile: (values: readonly unknown[]) => (container: Container) => boolean) => ({
    name,
    compile(values: readonly unknown[]) {
      const matches = compile(values);
      return (path: string) => {
        const container = containers.at(path);
        return container !== undefined && matches(container);
      };
    },
  });
  return [
    select('containerId', (values) => {
      const tests = values.map((value) => idPattern(String(value)));
      return ({ id }) => tests.some((matches) => matches(id));
    }),
    select('containerName', (values) => {
      const matches = anyPattern(values);
      return ({ facts }) => facts?.name !== undefined && matches(facts.name);
    }),
    select('containerImage', (values) => {
      const tests = values.map((value) => imagePattern(String(value)));
      return ({ facts }) => facts?.image !== undefined && tests.some((matches) => matches(facts.image!));
    }),
    select('containerLabel', (values) => {
      const matches = anyKeyed(values);
      return ({ facts }) => facts !== undefined && matches(facts.labels);
    }),
  ];
}

function idPattern(pattern: string): TextMatcher {
  return SHORT_ID.test(pattern) ? (id) => id.startsWith(pattern) : compilePattern(pattern);
}

/** A pattern without slash is held against the last part of the name; with or without the tag, as it is written. */
function imagePattern(pattern: string): (image: ImageFacts) => boolean {
  const matches = compilePattern(pattern);
  return ({ name, tag, id }) => {
    if (id !== undefined && matches(id)) return true;
    if (name === undefined) return false;
    const names = pattern.includes('/') ? [name] : [name.slice(name.lastIndexOf('/') + 1)];
    return names.some((each) => matches(each) || (tag !== undefined && matches(`${each}:${tag}`)));
  };
}
