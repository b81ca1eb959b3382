// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';

/** What a person sees who opens the address in a browser. */
export function page(metricsPath: string, problems: readonly SondeError[]): string {
  const items = problems.map((problem) => `<li><pre>${escapeHtml(problem.format())}</pre></li>`);
  const trouble = items.length > 0 ? `<h2>Left out of the scrape</h2><ul>${items.join('')}</ul>` : '';
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sonde</title>' +
    `<h1>Sonde</h1><p><a href="${escapeHtml(metricsPath)}">Metrics</a> for Prometheus</p>${trouble}</html>\n`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
