import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Attack, type Case, EVERYWHERE, LAYERED, nameOfCase } from './case.ts';
import { idleArguments, judge } from './verdict.ts';
import type { HardeningOptions, Section } from '../section.ts';
import { type User, VICTIM, becoming, giveTo, spawnScript } from '../user.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

/** At a small scale only these: QEMU without a network, the switch, a plug, and a relay. */
const FEW: readonly Case[] = EVERYWHERE.filter(
  ({ place, network }) => place !== 'swtpm' && place !== 'virtiofsd' && network === 'none',
);

export const confinement: Section = {
  title:
    'a hostile program in the place of QEMU, swtpm, virtiofsd, the switch, a plug and a relay, behind their wrappers',
  async run(options) {
    const log = (line: string): void => options.log(line);
    const { scale } = options;
    const cases = scale < 1 ? FEW : [...EVERYWHERE, ...LAYERED];
    const attacks: Attack[] = [];
    const isRoot = process.getuid?.() === 0;
    for (const user of [undefined, ...(scale < 1 || !isRoot ? [] : [VICTIM])]) {
      attacks.push(...(await attackAs(user, cases, options)));
    }
    for (const name of idleArguments(attacks)) log(`nothing needed the argument for: ${name}`);
    return judge(attacks);
  },
};

async function attackAs(
  user: User | undefined,
  cases: readonly Case[],
  { log, signal }: HardeningOptions,
): Promise<Attack[]> {
  // Short, since it contains sockets.
  const { path: directory, remove } = makeTemporaryDirectory(undefined, 'hostile-');
  giveTo(user, directory);
  try {
    const child = spawnScript(becoming(user), join(import.meta.dirname, 'worker.ts'), [
      directory,
      JSON.stringify(cases),
    ]);
    const gone = once(child, 'exit');
    // Closing its input makes it clean up.
    const end = (): void => void child.stdin?.end();
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end);
    const attacks: Attack[] = [];
    for await (const line of createInterface(child.stdout!)) {
      const attack = JSON.parse(line) as Attack;
      attacks.push(attack);
      const place = `${attack.user}, ${attack.where ? nameOfCase(attack.where) : 'without a wrapper'}`;
      for (const { attempt, refusal, remark } of attack.attempts) {
        log(`${place}: ${attempt}: ${refusal || 'SUCCEEDED'} ${remark}`.trim());
      }
    }
    const [status] = (await gone) as [number | null];
    signal?.removeEventListener('abort', end);
    signal?.throwIfAborted();
    if (status !== 0) throw new Error(`the attacks ended with status ${String(status)}`);
    return attacks;
  } finally {
    remove();
  }
}
