// SPDX-License-Identifier: Apache-2.0
import type { AttributeMapping, Attributes, Manifest } from '@sonde/kit';
import { kernelEnum } from '@sonde/native';

/** The manifest with the names of the running kernel's enums as values of the attributes that ask for them. */
export async function withKernelNames(manifest: Manifest): Promise<Manifest> {
  const { entities = {}, events = {} } = manifest;
  const [namedEntities, namedEvents] = await Promise.all([eachNamed(entities), eachNamed(events)]);
  return { ...manifest, entities: namedEntities, events: namedEvents };
}

async function eachNamed<Part extends { attributes?: Attributes }>(
  parts: Record<string, Part>,
): Promise<Record<string, Part>> {
  const named = Object.entries(parts).map(async ([name, part]) => {
    const attributes = Object.entries(part.attributes ?? {}).map(async ([attribute, source]) => {
      const isEnum = typeof source === 'object' && source.enum !== undefined;
      return [attribute, isEnum ? await withNames(source) : source] as const;
    });
    return [name, { ...part, attributes: Object.fromEntries(await Promise.all(attributes)) }] as const;
  });
  return Object.fromEntries(await Promise.all(named));
}

async function withNames(mapping: AttributeMapping): Promise<AttributeMapping> {
  const { enum: name = '', prefix = '', values } = mapping;
  const members = [...(await kernelEnum(name))].map(([value, member]) => {
    const word = member.startsWith(prefix) ? member.slice(prefix.length) : member;
    return [value, word.toLowerCase()];
  });
  return { ...mapping, values: { ...Object.fromEntries(members), ...values } };
}
