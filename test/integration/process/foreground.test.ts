import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MissingProgramError } from '../../../src/errors/index.ts';
import { runInForeground } from '../../../src/process/foreground.ts';
import { awaitedLater, until } from '../../until.ts';
import { temporaryDirectory } from '../../directory.ts';

const directory = temporaryDirectory();

test('the exit status of a program is passed on', async () => {
  expect(await runInForeground(['sh', '-c', 'exit 7'])).toEqual({ exitCode: 7, signal: undefined });
  const killed = await runInForeground(['sh', '-c', 'kill -KILL $$']);
  expect(killed).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
});

test('a missing program is named', async () => {
  await expect(runInForeground(['vmlet-no-such-program'])).rejects.toThrow(MissingProgramError);
});

test('SIGTERM is passed on, SIGINT is left to the terminal, and neither is listened to afterwards', async () => {
  const ready = join(directory, 'ready');
  const script = 'trap "exit 9" TERM; trap "exit 3" INT; : >"$0"; while :; do sleep 0.05; done';
  const status = awaitedLater(runInForeground(['sh', '-c', script, ready]));
  await until(() => existsSync(ready), { awaited: 'the program waits' });
  process.emit('SIGINT', 'SIGINT');
  process.emit('SIGTERM', 'SIGTERM');
  expect(await status).toEqual({ exitCode: 9, signal: undefined, sent: 'SIGTERM' });
  const count = process.listenerCount('SIGTERM');
  await runInForeground(['true']);
  expect(process.listenerCount('SIGTERM')).toBe(count);
});
