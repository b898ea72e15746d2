/**
 * tsx worker.ts DIRECTORY CASES: makes the attacks as whoever runs it, and prints each as a line of JSON. It undoes what
 * it has begun when its input ends, and with that whoever has started it.
 */
import { Scope } from '../../../src/util/scope.ts';
import { attackFreely, attackFrom, makeDisguises } from './attack.ts';
import type { Attack, Case } from './case.ts';
import { makeWorld } from './world.ts';

const [directory, cases] = process.argv.slice(2);
if (directory === undefined || cases === undefined) throw new TypeError('DIRECTORY CASES');
const say = (attack: Attack): void => console.log(JSON.stringify(attack));

const scope = new Scope();
// A terminal interrupts all of us; our input then ends a moment later.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => undefined);
let isOver = false;
process.stdin.resume().once('end', () => {
  if (!isOver) void scope.close().finally(() => process.exit(1));
});
try {
  const world = await makeWorld(directory, scope);
  const disguises = await makeDisguises(world);
  for (const where of JSON.parse(cases) as Case[]) say(await attackFrom(where, world, disguises));
  // Last, since it changes what it reaches.
  say(await attackFreely(world, disguises));
} finally {
  isOver = true;
  await scope.close();
  process.stdin.destroy();
}
