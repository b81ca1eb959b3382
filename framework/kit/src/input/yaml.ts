// SPDX-License-Identifier: Apache-2.0
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import { joinErrors, sondeError, type Place, type SondeError } from '../errors/index.ts';
import { pointerKeys } from './pointer.ts';
import { MOST_PROBLEMS, validateValue, type Validator } from './validate.ts';

/** A value read from YAML that remembers where in the file each of its parts stands. */
export interface YamlSource<Value> {
  readonly file: string;
  readonly value: Value;
  /** Where a part stands: a scalar itself, otherwise its key; if the pointer leads nowhere, the nearest part there is. */
  readonly place: (pointer: string) => Place;
}

/**
 * Parses YAML (JSON is YAML) and checks it against a validator that was generated from a JSON Schema.
 * @param file how the file is named in errors
 * @throws one SondeError, with all problems in `problems` if there are several: SONDE_INPUT_SYNTAX, or the codes of
 *   `validateValue`
 */
export function validateYaml<Value>(text: string, file: string, validator: Validator<Value>): YamlSource<Value> {
  const lines = new LineCounter();
  // the parser's own look for keys that stand twice takes the square of their number
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const position = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };

  const syntax = [
    ...[...document.errors, ...document.warnings].map(({ message, pos }) => ({ reason: message, offset: pos[0] })),
    ...keysThatStandTwice(document).map((offset) => ({ reason: 'Map keys must be unique', offset })),
  ]
    .sort((a, b) => a.offset - b.offset)
    .slice(0, MOST_PROBLEMS)
    .map(({ reason, offset }) => sondeError('SONDE_INPUT_SYNTAX', { reason }, { place: position(offset) }));
  if (syntax.length > 0) throw joinErrors(syntax, file);

  const place = (pointer: string, part?: Part): Place => ({
    ...position(offsetOf(document, pointerKeys(pointer), part)),
    ...(pointer && { pointer }),
  });
  const value = contentOf(document, file);
  const problems: SondeError[] = validateValue(value, validator, place);
  if (problems.length > 0) throw joinErrors(problems, file);
  return { file, value: value as Value, place };
}

/** Where they stand the second time. */
function keysThatStandTwice(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) offsets.push(startOf(key) ?? 0);
        seen.add(key.value);
      }
    },
  });
  return offsets;
}

/** Aliases can be too many: a few lines may stand for gigabytes. */
function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw sondeError('SONDE_INPUT_SYNTAX', { reason: (cause as Error).message }, { place: { file }, cause });
  }
}

/** Which part of a map's entry a problem is about; if it is not said, the value of a scalar and the key of all else. */
type Part = 'key' | 'value';

/** Where the part of a document stands that the keys lead to. */
function offsetOf(document: Document, keys: readonly string[], part: Part | undefined): number {
  let node = resolve(document, document.contents);
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, key] of keys.entries()) {
    const isLast = depth === keys.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (!pair) break;
      const value = resolve(document, pair.value);
      const isShown = isLast && part !== 'key' && (part === 'value' || isScalar(value)) && value && hasText(value);
      offset = startOf(isShown ? value : pair.key) ?? offset;
      node = value;
    } else if (isSeq(node)) {
      node = resolve(document, node.items[Number(key)]);
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function resolve(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

/** Nothing has a place, but no text. */
function hasText({ range }: Node): boolean {
  return range ? range[1] > range[0] : false;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
