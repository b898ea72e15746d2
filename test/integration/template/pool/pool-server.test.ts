import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { expect, it } from 'vitest';
import type { ForkOptions } from '../../../../src/template/fork-options.ts';
import { Pool } from '../../../../src/template/pool/pool.ts';
import { lineOf } from '../../../../src/template/pool/pool-messages.ts';
import { poolFiles } from '../../../../src/template/pool/pool-record.ts';
import { PoolServer } from '../../../../src/template/pool/pool-server.ts';
import type { Template } from '../../../../src/template/template.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { awaitedLater, until } from '../../../until.ts';
import { plainPlan } from '../../../unit/machine/plan/plain-plan.ts';

const [directory, own] = [temporaryDirectory(), temporaryDirectory()];

const described = { name: 'slow', image: 'micro', directory: '/nowhere', memoryBytes: 1, plan: plainPlan };

/** A template whose forks take until they are aborted. */
const template = {
  ...described,
  prepare: async ({ signal }: ForkOptions) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
} as unknown as Template;

it('a pool that is removed ends the fork for which a client waits', async () => {
  const { socket } = poolFiles(directory);
  const ask = (request: 'take' | 'status' | 'end') => {
    const connection = createConnection(socket);
    connection.on('error', () => undefined).write(lineOf({ version: 1, request }));
    return connection;
  };
  const statusOf = async (): Promise<string> => {
    const [answer] = (await once(ask('status'), 'data')) as [Buffer];
    return answer.toString();
  };
  const scope = new Scope();
  const pool = new Pool(template, { name: 'p', size: 1, warm: false }, {});
  scope.defer(async () => pool.close());
  const starting = awaitedLater(PoolServer.start(pool, directory, { name: 'p' }, scope));
  await until(async () => statusOf().catch(() => false as const), { awaited: 'the pool listens' });
  const waiting = ask('take');
  await until(async () => (await statusOf()).includes('"taken":1'), { awaited: 'a client waits' });
  const gone = once(waiting.resume(), 'close');
  ask('end');
  await expect(starting).rejects.toThrow('was removed while it started');
  await gone;
});

it('a pool whose signal aborts is closed, and no longer listed', async () => {
  const ready = { [Symbol.asyncDispose]: async () => Promise.resolve() };
  const quick = { ...described, prepare: async () => Promise.resolve(ready) } as unknown as Template;
  const aborting = new AbortController();
  const { signal } = aborting;
  const scope = new Scope();
  let isReleased = false;
  scope.defer(() => void (isReleased = true));
  const pool = new Pool(quick, { name: 'p', size: 1, warm: false }, { signal });
  scope.defer(async () => pool.close());
  const server = await PoolServer.start(pool, own, { name: 'p', signal }, scope);
  const { socket } = poolFiles(own);
  expect(existsSync(socket)).toBe(true);
  aborting.abort(new Error('no longer needed'));
  await server.ended;
  expect([isReleased, existsSync(socket)]).toEqual([true, false]);
});
