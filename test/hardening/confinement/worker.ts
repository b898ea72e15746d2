/**
 * tsx worker.ts DIRECTORY CASES: makes the attacks as the current user, and prints each as a line of JSON. When its
 * input ends, and so its starter has ended, it cleans up after the present attack.
 */
import { Scope } from '../../../src/util/scope.ts';
import { attackFreely, attackFrom, makeDisguises } from './attack.ts';
import type { Attack, Case } from './case.ts';
import { makeWorld } from './world.ts';

const [directory, cases] = process.argv.slice(2);
if (directory === undefined || cases === undefined) throw new TypeError('DIRECTORY CASES');
const say = (attack: Attack): void => console.log(JSON.stringify(attack));

const scope = new Scope();
// A terminal interrupts all processes; this one stops when its input ends.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => undefined);
const isOver = (): boolean => process.stdin.readableEnded;
process.stdin.resume();
try {
  const world = await makeWorld(directory, scope);
  const disguises = await makeDisguises(world);
  for (const where of JSON.parse(cases) as Case[]) {
    if (!isOver()) say(await attackFrom(where, world, disguises));
  }
  // Last, since it changes its targets.
  if (!isOver()) say(await attackFreely(world, disguises));
} finally {
  await scope.close();
  process.stdin.destroy();
}
