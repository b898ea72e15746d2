/** tsx worker.ts DIRECTORY CASES: makes the attacks as whoever runs it, and prints each as a line of JSON. */
import { Scope } from '../../../src/util/scope.ts';
import { attackFreely, attackFrom, makeDisguises } from './attack.ts';
import type { Attack, Case } from './case.ts';
import { makeWorld } from './world.ts';

const [directory, cases] = process.argv.slice(2);
if (directory === undefined || cases === undefined) throw new TypeError('DIRECTORY CASES');
const say = (attack: Attack): void => console.log(JSON.stringify(attack));

const scope = new Scope();
try {
  const world = await makeWorld(directory, scope);
  const disguises = await makeDisguises(world);
  for (const where of JSON.parse(cases) as Case[]) say(await attackFrom(where, world, disguises));
  // Last, since it changes what it reaches.
  say(await attackFreely(world, disguises));
} finally {
  await scope.close();
}
