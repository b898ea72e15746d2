import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NamedMachine } from '../../../../src/machines/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { type SmallHome, makeSmallHome } from '../../../hardening/disk/small-home.ts';
import { canMount } from '../../../integration/machine/small-file-system.ts';
import { until } from '../../../until.ts';

const ROOM_BYTES = 32 * 2 ** 20;
const ADVICE = 'free some space; to see what vmlet uses, run: vmlet system df';

describe.skipIf(!canMount)('a file system without space', () => {
  const scope = new Scope();
  let home: SmallHome, machine: NamedMachine, directory: string;

  beforeAll(async () => {
    home = await makeSmallHome(3 * ROOM_BYTES, scope);
    home.giveRoom(ROOM_BYTES);
    machine = await home.store.create({ name: 'm', image: 'micro', memory: '128M', net: 'none' });
    const live = await machine.start();
    ({ directory } = live.files);
    await machine.waitFor({ agent: true });
    home.takeRoom();
  });
  afterAll(async () => scope.close());

  test.each([
    { verb: 'snapshot create', args: ['snapshot', 'create', 'm'], file: 'snapshotting.json' },
    { verb: 'save', args: ['save', 'm'], file: 'saved-state.json' },
  ])('$verb names the file and says what to do, and the machine keeps running', async ({ args, file }) => {
    const files = readdirSync(directory);
    const { status, stderr } = await home.vmlet(...args);
    expect(stderr).toContain(`no space left on device: ${directory}/${file}\n`);
    expect(stderr).toContain(ADVICE);
    expect(status).toBe(125);
    expect(machine.status()).toMatchObject({ kind: 'running', state: 'running' });
    expect(await machine.snapshots()).toEqual([]);
    expect(readdirSync(directory)).toEqual(files);
  });

  test('create names the disk that was being formatted, and leaves nothing', async () => {
    const machines = dirname(directory);
    const { status, stderr } = await home.vmlet('create', 'n', '--image', 'micro');
    expect(stderr).toMatch(/no space left on device: \/.*\/data\.raw\n/);
    expect(stderr).toContain(ADVICE);
    expect(stderr).not.toContain('mke2fs');
    expect(status).toBe(125);
    expect(home.store.names()).toEqual(['m']);
    expect(readdirSync(machines).filter((name) => name !== '.staging')).toEqual(['m']);
    expect(readdirSync(`${machines}/.staging`)).toEqual([]);
  });

  test('wait says that the machine is paused for lack of space', async () => {
    const writer = home.start(['exec', 'm', 'dd', 'if=/dev/zero', 'of=/data/file', 'bs=1M', 'conv=fsync']);
    try {
      await until(() => {
        const status = machine.status();
        return status.kind === 'running' && status.state === 'io-error';
      });
      const { status, stderr } = await home.vmlet('wait', 'm', '--for', 'agent', '--timeout', '2s');
      expect(stderr).toContain(
        '; the machine is paused: no space left on the host; free some space, then run: vmlet resume m\n',
      );
      expect(stderr).not.toContain('slow guest');
      expect(status).toBe(124);
    } finally {
      writer.process.kill('SIGKILL');
      await writer.finished;
    }
  });

  test('stop resumes the guest once there is space, also with a short time limit', async () => {
    expect(machine.status()).toMatchObject({ state: 'io-error' });
    home.giveRoom(2 * ROOM_BYTES);
    const rungs: string[] = [];
    await machine.live().stop({ timeoutMs: 4000, onRung: (rung) => rungs.push(rung) });
    expect(rungs[0]).toBe('guest');
  });
});
