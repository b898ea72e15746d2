import { randomBytes } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import pino from 'pino';
import { afterAll, beforeAll, describe } from 'vitest';
import {
  InvalidInputError,
  PoolFailedError,
  PoolNotFoundError,
  type PoolServer,
  openPool,
  servePool,
} from '../../src/index.ts';
import { ownLocations } from '../../src/machine/paths/own-locations.ts';
import { poolsDirectory } from '../../src/template/pool/named-pools.ts';
import { templateOf } from '../../src/testing/guests/shared-templates.ts';
import { useMachine } from '../../src/testing/index.ts';
import { expect, machines } from '../../src/testing/vitest.ts';
import { until } from '../until.ts';

/** No other run on this host has this pool. */
const POOL = `test-${randomBytes(4).toString('hex')}`;
const FILLING_MS = 600_000;

let server: PoolServer;
beforeAll(async () => {
  server = await servePool(await templateOf({}), { name: POOL, size: 1 });
}, FILLING_MS);
afterAll(async () => {
  await server.close();
  // Fails if the pool has left anything there.
  rmdirSync(poolsDirectory(ownLocations()));
});

const test = machines({ vm: { pool: POOL, waitTimeoutMs: 20_000 }, other: { pool: POOL } });

describe('a guest of a pool as a fixture', () => {
  const names: string[] = [];

  test('runs commands and has files', async ({ vm }) => {
    expect((await vm.sh`hostname; echo ${'two words'}`).lines).toEqual([vm.name, 'two words']);
    expect(vm.name).toMatch(new RegExp(`^${POOL}-[0-9a-f]{8}$`));
    await vm.writeFile('/srv/new/file', 'content');
    expect(await vm.readFile('/srv/new/file', 'utf8')).toBe('content');
    await vm.push('more', '/srv/new/other');
    expect((await vm.exec(['cat', '/srv/new/other'])).stdout.toString()).toBe('more');
    await expect(vm.sh`echo why >&2; exit 3`).rejects.toThrow(/why/);
    names.push(vm.name);
  });

  test('is another one in each test, and for each fixture', async ({ vm, other }) => {
    await expect(vm.exec(['test', '-e', '/srv/new'])).not.toSucceed();
    expect(new Set([...names, vm.name, other.name]).size).toBe(3);
  });

  test('has waits and matchers', async ({ vm }) => {
    await vm.sh`(sleep 1; mkdir /www; echo hello >/www/index.html; httpd -h /www) >/dev/null 2>&1 &`;
    await vm.waitFor.port(80);
    await expect(vm).toListenOn(80);
    await expect(vm).not.toListenOn(81);
    await vm.waitFor.file('/www/index.html', { contains: 'hello' });
    expect(await vm.waitFor.log(/^hell/, { file: '/www/index.html' })).toBe('hello');
    await vm.waitFor.command('cat /www/index.html', { stdout: 'hello' });
    await expect(vm.waitFor.file('/absent', { timeoutMs: 200 })).rejects.toThrow(/timed out .*\/absent/);
    await expect(vm.waitFor.log(/hello/)).rejects.toThrow(InvalidInputError);
    await expect(expect(vm).toBeReachable(80)).rejects.toThrow(InvalidInputError);
  });

  test('ends the waits for it when it ends', async ({ vm }) => {
    const waiting = vm.waitFor.file('/never');
    vm.exec(['sh', '-c', 'echo o >/proc/sysrq-trigger']).catch(() => undefined);
    await expect(waiting).rejects.toThrow(PoolFailedError);
    expect(vm.guest.failure).toBeInstanceOf(PoolFailedError);
  });

  test('ends with its test', async () => {
    expect(names).toHaveLength(1);
    await until(async () => (await openPool(POOL).status()).taken === 0);
  });
});

test('a pool is full again when the fork that replaces a taken one has started', async () => {
  let started = 0;
  const write = (line: string): void => void (started += Number(line.includes('"fork running"')));
  const log = pino({ level: 'debug' }, { write });
  await using small = await servePool(await templateOf({}), { name: `${POOL}-small`, size: 1, log });
  expect(started).toBe(1);
  await using guest = await openPool(small.name).take();
  await small.full();
  expect(started).toBe(2);
  expect((await guest.exec(['true'])).exitCode).toBe(0);
  expect(await openPool(small.name).status()).toEqual({ waiting: 1, taken: 1 });
});

describe('useMachine with a pool', () => {
  test('takes a guest until the end of the test', async () => {
    const ends: (() => Promise<void>)[] = [];
    const context = { name: 'a test', after: (end: () => Promise<void>) => void ends.push(end) };
    const vm = await useMachine(context, { pool: POOL });
    expect(await useMachine(context, { pool: POOL })).toBe(vm);
    expect((await vm.sh`hostname`).stdout).toBe(vm.name);
    await Promise.all(ends.map(async (end) => end()));
    await expect(vm.sh`true`).rejects.toThrow(/closed by this process/);
    await until(async () => (await openPool(POOL).status()).taken === 0);
  });

  test('rejects an absent pool, and options of other guests', async () => {
    const context = { name: 'a test', after: () => undefined };
    await expect(useMachine(context, { pool: `${POOL}-absent` })).rejects.toThrow(PoolNotFoundError);
    const mixed = { pool: POOL, ports: ['80'] } as unknown as { readonly pool: string };
    await expect(useMachine(context, mixed, 'mixed')).rejects.toThrow('ports: unknown option');
    expect(() => machines({ mixed })).toThrow('ports: unknown option');
  });
});
