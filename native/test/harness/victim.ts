// SPDX-License-Identifier: Apache-2.0
// Holds a loaded object, a link and a ring until it is killed. Arguments: the object, the binary to probe.
import { openObject } from '../../src/object.ts';
import { openRing } from '../../src/ring.ts';

const [path, binary] = process.argv.slice(2) as [string, string];
const object = await openObject(path);
await object.load();
await object.attach('submit_fixed', { kind: 'uprobe', binary, symbol: 'tick' });
openRing(object.map('ring'), () => {});
console.log('ready');
