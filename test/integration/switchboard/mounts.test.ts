import { writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../fixtures/agent/agent-process.ts';
import { until } from '../../../fixtures/agent/until.ts';
import { encodeConfiguration } from '../../../src/guest/agent/configuration.ts';
import { FrameType } from '../../../src/guest/agent/frame.ts';
import { agentProgram } from '../../../src/machine/paths/package-files.ts';
import { Scope } from '../../../src/util/scope.ts';
import { sanitizedKeeper } from '../process/keeper-lab.ts';
import { Switchboard, closeSanitized } from './lab.ts';

const request = encodeConfiguration({
  mounts: [{ tag: 'share0', path: '/a directory', readOnly: true, fresh: true }],
});
let program: string, scope: Scope, board: Switchboard;

beforeAll(async () => {
  program = await sanitizedKeeper();
});
beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => closeSanitized(board, scope));

const start = async (mounts: string, agent?: string): Promise<void> => {
  board = await Switchboard.start(program, temporaryFolder(scope), scope, agent, (lab) => {
    writeFileSync(lab.path('mounts.request'), mounts);
    return { mountsPath: lab.path('mounts.request') };
  });
};
const failures = (): object[] => board.lab.events().filter(({ event }) => event === 'VMLET_MOUNT_FAILED');

describe('shared directories', () => {
  test('are mounted before a client is answered, and again in each session', async () => {
    await start(request.toString('hex'));
    const guest = await board.guest();
    guest.greet();
    const client = await board.open();
    for (let session = 0; session < 3; session++) {
      const asked = await guest.next(FrameType.request);
      expect(asked.payload).toEqual(request);
      if (session === 0) expect(client.frames).toEqual([]);
      guest.send(FrameType.done, 0, asked.channel);
      if (session === 0) await client.next(FrameType.hello);
      guest.greet();
    }
    expect(failures()).toEqual([]);
  });

  test('that cannot be mounted are reported, and clients are answered', async () => {
    // On a socket, the agent changes nothing of its machine.
    await start(request.toString('hex'), agentProgram());
    const agent = await board.attach();
    expect((await agent.exec(['echo', 'on'])).stdout.toString()).toBe('on\n');
    await until('the failure is told of', () => failures().length === 1);
    expect(failures()[0]).toMatchObject({ data: { errno: 1 } });
    await agent.close();
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['an errno of another length', Buffer.from([23, 1, 0, 0, 1])],
    ['no fields', Buffer.alloc(400, 0xff)],
  ])('survive a guest that fails with %s', async (_what, payload) => {
    await start(request.toString('hex'));
    const guest = await board.guest();
    guest.greet();
    const client = await board.open();
    guest.send(FrameType.failed, 0, (await guest.next(FrameType.request)).channel, payload);
    await client.next(FrameType.hello);
    expect(failures()).toHaveLength(1);
  });

  test('delay clients while the guest does not answer, until its agent restarts', async () => {
    await start(request.toString('hex'));
    const guest = await board.guest();
    guest.greet();
    const client = await board.open();
    await guest.next(FrameType.request);
    guest.greet();
    const again = await guest.next(FrameType.request);
    expect(client.frames).toEqual([]);
    guest.send(FrameType.done, 0, again.channel);
    await client.next(FrameType.hello);
  });
});

test('a replaced request applies to the next session; an empty one is none, an invalid one changes nothing', async () => {
  await start('');
  const guest = await board.guest();
  guest.greet();
  const client = await board.open();
  await client.next(FrameType.hello);
  for (const text of [request.toString('hex'), '0g']) {
    writeFileSync(board.lab.path('mounts.request'), text);
    guest.greet();
    const asked = await guest.next(FrameType.request);
    expect(asked.payload).toEqual(request);
    guest.send(FrameType.done, 0, asked.channel);
  }
  await until('it says so', () => board.lab.text('qemu.log').includes('mounts.request'));
});

test.each(['0', 'xy', '0g'])('a request of %j keeps the machine from starting', async (text) => {
  await expect(start(text)).rejects.toThrow(/mounts\.request/);
});
