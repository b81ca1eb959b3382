// SPDX-License-Identifier: Apache-2.0
// docs/reference/errors.md: one section for each row of the error table.
import { errorTable } from '../../framework/kit/src/errors/table.ts';
import { anchor, code, page, table } from './markdown.mjs';

const introduction = `Every error that Sonde shows has a code. The command line prints
\`file:line:column (JSON pointer): message [CODE]\` and a hint below it; REST answers with \`application/problem+json\`
(RFC 9457), whose \`type\` is \`urn:sonde:error:CODE\`. Commands exit with 1 if something failed, 2 for
wrong usage, 3 for bad input (configuration, manifest, object), 4 if the machine lacks something (privileges, a kernel
feature, a free port), and 5 if the host cannot be reached.

Words in braces stand for what the error is about; a sentence of the hint is left out where there is nothing to say.`;

export function errorReference() {
  const errors = Object.entries(errorTable);
  const list = errors.map(([name, { title }]) => [`[${name}](#${anchor(name)})`, title]);
  const sections = errors.map(([name, entry]) => section(name, entry));
  return {
    file: 'docs/reference/errors.md',
    text: page(
      'Errors',
      'framework/kit/src/errors/table.ts',
      introduction,
      table(['Code', 'What it is'], list),
      ...sections,
    ),
  };
}

function section(name, { title, status, exit, message, hint, doc }) {
  const facts = [
    `- Message: ${code(message)}`,
    ...(hint ? [`- Hint: ${hint}`] : []),
    `- HTTP status ${status}, exit code ${exit}`,
  ];
  return `## ${name}\n\n${title}. ${doc}\n\n${facts.join('\n')}`;
}
