// SPDX-License-Identifier: Apache-2.0
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where a command prints: tables for people, or JSON. */
export class Output {
  readonly isJson: boolean;

  constructor(isJson: boolean) {
    this.isJson = isJson;
  }

  /** Prints a value as JSON, or as `render` shows it to people. */
  show(value: unknown, render: () => string): void {
    this.line(this.isJson ? JSON.stringify(value, null, 2) : render());
  }

  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}

/** Colours text if standard output is a terminal that shows them (NO_COLOR is heeded). */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export interface Column<Row> {
  title: string;
  cell(row: Row): string;
  style?(row: Row): Style | undefined;
  /** Numbers stand under each other by their last digit. */
  align?: 'right';
}

/** Rows as aligned columns under their titles. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((line) => line[i]!.length)));
  const pad = (text: string, i: number): string =>
    columns[i]!.align === 'right' ? text.padStart(widths[i]!) : i < columns.length - 1 ? text.padEnd(widths[i]!) : text;
  const head = columns.map(({ title }, i) => paint('dim', pad(title, i))).join('  ');
  const lines = cells.map((line, r) =>
    line
      .map((text, i) => {
        const style = columns[i]!.style?.(rows[r]!);
        return style ? paint(style, pad(text, i)) : pad(text, i);
      })
      .join('  ')
      .trimEnd(),
  );
  return [head, ...lines].join('\n');
}

/** `3 s`, `12 min`, `4 h`, `9 d` since a point in time. */
export function ago(since: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** Bytes in the largest binary unit that leaves at least one. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${(count / 1024 ** unit).toFixed(unit > 0 ? 1 : 0)} ${units[unit]}`;
}
