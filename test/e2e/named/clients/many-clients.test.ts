import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GuestClosedError } from '../../../../src/errors/index.ts';
import { encodeOpen } from '../../../../src/guest/agent/greeting.ts';
import { readStatus } from '../../../../src/machines/record/machine-status.ts';
import { residentBytes } from '../../../../fixtures/agent/agent-process.ts';
import { type Finished, type Started } from '../../command.ts';
import { awaitedLater, until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';

const CLIENTS = 20;
let home: Home;
beforeAll(async () => {
  home = await makeHome();
  const created = await home.vmlet('create', 'm', '--image', 'micro', '--disk', '1G', '--start');
  expect(created).toMatchObject({ status: 0 });
});
afterAll(async () => home.close());

const sh = (script: string): Started => home.start(['exec', 'm', 'sh', '-c', script]);

async function guestSays(script: string): Promise<string> {
  const { stdout, stderr, status } = await sh(script).finished;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function keeperPid(): number {
  const status = readStatus(home.store.get('m').live().files);
  if (status.kind !== 'running') throw new Error('it does not run');
  return status.keeper.pid;
}

test('an agent serves all clients: a stopped one, a flooding one, and twenty others', async () => {
  const stopped = sh('echo on; exec cat /dev/zero');
  await until(() => stopped.stdout().startsWith('on\n'));
  stopped.process.kill('SIGSTOP');
  const flooding = home.start(['exec', '-i', 'm', 'sh', '-c', 'echo on; exec cat'], {
    input: 'x'.repeat(3_000_000),
  });
  const endless = sh('echo on; while :; do head -c 100000 /dev/zero; done');
  await until(() => flooding.stdout().length > 0 && endless.stdout().length > 0);
  const file = join(home.path, 'file');
  const content = Buffer.alloc(1_000_000, 'content\n');
  writeFileSync(file, content);

  const all = Array.from({ length: CLIENTS }, async (_, index): Promise<Finished> => {
    if (index % 4 === 0) return home.vmlet('cp', file, `m:/tmp/file-${index}`);
    if (index % 4 === 1) return home.vmlet('cp', 'm:/init', join(home.path, `init-${index}`));
    if (index % 4 === 2) return home.vmlet('wait', 'm', '--for', 'agent');
    return home.vmlet('exec', 'm', 'echo', String(index));
  });
  const results = await Promise.all(all);
  expect(results.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
    Array.from({ length: CLIENTS }, () => ({ status: 0, stderr: '' })),
  );
  results.forEach(({ stdout }, index) => index % 4 === 3 && expect(stdout).toBe(`${index}\n`));
  expect(await guestSays('cat /tmp/file-* | wc -c')).toBe(`${5 * content.length}\n`);
  const pulled = readFileSync(join(home.path, 'init-1'));
  expect(readFileSync(join(home.path, 'init-17')).equals(pulled)).toBe(true);

  // The stopped client’s unread output fills a window, and buffers.
  expect(residentBytes(keeperPid())).toBeLessThan(8 * 1024 * 1024);
  endless.process.kill('SIGKILL');
  stopped.process.kill('SIGKILL');
  await Promise.all([endless.finished, stopped.finished]);
  expect((await flooding.finished).stdout.length).toBe(3_000_000 + 'on\n'.length);
  await until(async () => !(await guestSays('ps')).includes('cat /dev/zero'));
});

test('killing a client ends its commands, and affects no other client', async () => {
  const witness = home.start(
    ['exec', '-i', 'm', 'sh', '-c', 'echo on; while [ ! -e /tmp/go ]; do sleep 0.1; done; cat'],
    {
      input: 'to the end',
    },
  );
  const command = sh('trap "" HUP TERM; echo on; while :; do sleep 0.1; : unyielding; done');
  await until(() => witness.stdout() === 'on\n' && command.stdout() === 'on\n');
  const large = join(home.path, 'large');
  writeFileSync(large, Buffer.alloc(60_000_000, 'x'));
  await guestSays('head -c 60000000 /dev/zero > /tmp/zeros');
  const push = home.start(['cp', large, 'm:/tmp/large']);
  await until(async () => (await guestSays('ls -a /tmp')).includes('.vmlet-'));
  const pull = home.start(['cp', 'm:/tmp/zeros', join(home.path, 'zeros')]);
  await until(() => existsSync(home.path) && readdirSync(home.path).some((name) => name.includes('zeros')));
  for (const one of [command, push, pull]) one.process.kill('SIGKILL');
  await Promise.all([command, push, pull].map(async (one) => one.finished));
  await until(async () => !(await guestSays('ls -a /tmp; ps')).match(/\.vmlet-|unyielding/));
  await guestSays('touch /tmp/go');
  expect((await witness.finished).stdout).toBe('on\nto the end');
});

test('all clients are notified when the guest reboots, and later clients get the next session', async () => {
  const machine = home.store.get('m').live();
  await using first = await machine.openGuest();
  if (first.kind !== 'vmlet') throw new Error('no agent');
  const waiting = first.agent.exec(['sleep', '1000']);
  const command = sh('echo on; sleep 1000');
  await until(() => command.stdout() === 'on\n');
  await sh('reboot -f').finished;
  await expect(waiting).rejects.toBeInstanceOf(GuestClosedError);
  await expect(waiting).rejects.toThrow('the vmlet agent in machine "m" exited, or the machine is rebooting');
  expect((await command.finished).stderr).toContain(
    'the vmlet agent in machine "m" exited, or the machine is rebooting',
  );
  expect(await guestSays('echo again')).toBe('again\n');
});

test('loading a snapshot into the running machine starts new sessions and keeps the snapshot’s files', async () => {
  await guestSays('echo before > /tmp/when');
  const inSnapshot = sh('echo on; while :; do sleep 0.1; : in the snapshot; done');
  await until(() => inSnapshot.stdout() === 'on\n');
  expect(await home.vmlet('snapshot', 'create', 'm', 's')).toMatchObject({ status: 0 });
  inSnapshot.process.kill('SIGKILL');
  await inSnapshot.finished;
  await guestSays('echo after > /tmp/when');
  const since = sh('echo on; sleep 1000');
  await until(() => since.stdout() === 'on\n');
  expect(await home.vmlet('snapshot', 'restore', 'm', 's')).toMatchObject({ status: 0 });
  expect((await since.finished).status).not.toBe(0);
  expect(await guestSays('cat /tmp/when')).toBe('before\n');
  // Its client has disconnected in the meantime.
  await until(async () => !(await guestSays('ps')).includes('in the snapshot'));
});

test('after a save and a restart, the agent serves all clients again', async () => {
  const lost = sh('echo on; sleep 1000');
  await until(() => lost.stdout() === 'on\n');
  expect(await home.vmlet('save', 'm')).toMatchObject({ status: 0 });
  expect(await lost.finished).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('vmlet: machine "m" is not running') as string,
  });
  expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
  const both = await Promise.all([guestSays('echo one'), guestSays('echo two')]);
  expect(both).toEqual(['one\n', 'two\n']);
});

test('a paused machine answers no client, and each client reports it', async () => {
  await home.vmlet('pause', 'm');
  const { status, stderr } = await home.vmlet('exec', '--timeout', '1s', 'm', 'true');
  expect(status).toBe(125);
  expect(stderr).toContain('machine "m" is paused');
  await home.vmlet('resume', 'm');
  expect(await guestSays('echo on')).toBe('on\n');
});

test('the socket ends with the machine, its clients are disconnected, and commands say how it ended', async () => {
  const command = sh('echo on; sleep 1000');
  await until(() => command.stdout() === 'on\n');
  const { agentSocket } = home.store.get('m').live().files;
  const socket = connect(agentSocket);
  socket.write(encodeOpen(Buffer.from('a client')));
  await once(socket, 'data');
  const closed = awaitedLater(once(socket, 'close'));
  socket.resume();
  await home.vmlet('kill', 'm');
  await closed;
  expect(existsSync(agentSocket)).toBe(false);
  expect(await command.finished).toMatchObject({
    status: 125,
    stderr: 'vmlet: the machine has ended: QEMU was killed by SIGKILL (machine "m")\n',
  });
});
