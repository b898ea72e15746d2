/**
 * tsx worker.ts DIRECTORY CASES: makes the attacks as whoever runs it, and prints each as a line of JSON. When its
 * input ends, and with that whoever has started it, it undoes what it has begun after the present attack.
 */
import { Scope } from '../../../src/util/scope.ts';
import { attackFreely, attackFrom, makeDisguises } from './attack.ts';
import type { Attack, Case } from './case.ts';
import { makeWorld } from './world.ts';

const [directory, cases] = process.argv.slice(2);
if (directory === undefined || cases === undefined) throw new TypeError('DIRECTORY CASES');
const say = (attack: Attack): void => console.log(JSON.stringify(attack));

const scope = new Scope();
// A terminal interrupts all of us; our input ends then.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => undefined);
const isOver = (): boolean => process.stdin.readableEnded;
process.stdin.resume();
try {
  const world = await makeWorld(directory, scope);
  const disguises = await makeDisguises(world);
  for (const where of JSON.parse(cases) as Case[]) {
    if (!isOver()) say(await attackFrom(where, world, disguises));
  }
  // Last, since it changes what it reaches.
  if (!isOver()) say(await attackFreely(world, disguises));
} finally {
  await scope.close();
  process.stdin.destroy();
}
