import { writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { pause } from '../../../../../src/util/time/pause.ts';
import { until } from '../../../../until.ts';
import { encodeConfiguration } from '../../../../../src/guest/agent/configuration.ts';
import { Phase, Tag } from '../../../../../src/guest/agent/fields.ts';
import { FrameType } from '../../../../../src/guest/agent/agent-frame.ts';
import { agentProgram } from '../../../../../src/machine/paths/package-files.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { sanitizedKeeper } from '../keeper-lab.ts';
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
const failure = (phase: number, errno: number): Buffer =>
  Buffer.concat([
    Buffer.from([Tag.phase, 1, 0, 0, phase]),
    Buffer.from([Tag.errno, 4, 0, 0, errno, 0, 0, 0]),
  ]);
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
    const [failed] = board.lab.record().failedMounts;
    expect(failed).toMatchObject({ path: '/a directory', errno: 1 });
    expect(failures()).toMatchObject([{ data: failed }]);
    await agent.close();
  });

  test('that fail do not prevent the others, and the record names them before a client is answered', async () => {
    const mounts = [
      { tag: 'share0', path: '/a "quoted\\ directory"' },
      { tag: 'volume', kind: 'disk', path: '/line\nbreak' },
      { tag: 'size=1M', kind: 'memory', path: '/größer' },
    ] as const;
    const modules = ['virtio_net'];
    await start(encodeConfiguration({ modules, mounts: [...mounts] }).toString('hex'));
    const guest = await board.guest();
    guest.greet();
    const client = await board.open();
    const answers = [failure(Phase.module, 2), failure(Phase.mount, 20), undefined, failure(Phase.mount, 15)];
    const parts = [{ modules }, ...mounts.map((mount) => ({ mounts: [mount] }))];
    for (const [index, part] of parts.entries()) {
      const asked = await guest.next(FrameType.request);
      expect(asked.payload).toEqual(encodeConfiguration(part));
      expect(client.frames).toEqual([]);
      const answer = answers[index];
      guest.send(answer ? FrameType.failed : FrameType.done, 0, asked.channel, answer);
    }
    await client.next(FrameType.hello);
    const failed = [
      { path: mounts[0].path, phase: Phase.mount, errno: 20 },
      { path: mounts[2].path, phase: Phase.mount, errno: 15 },
    ];
    expect(board.lab.record().failedMounts).toEqual(failed);
    expect(failures()).toMatchObject(failed.map((data) => ({ data })));
    expect(board.lab.events()).toContainEqual(
      expect.objectContaining({
        event: 'VMLET_CONFIGURE_FAILED',
        data: { path: null, phase: Phase.module, errno: 2 },
      }),
    );
  });

  test('that failed are tried again before each client, until none fails', async () => {
    const mounts = ['/one', '/two'].map((path, index) => ({ tag: `share${index}`, path }));
    await start(encodeConfiguration({ mounts }).toString('hex'));
    const guest = await board.guest();
    guest.greet();
    const first = await board.open();
    for (const answer of [failure(Phase.mount, 20), undefined]) {
      const { channel } = await guest.next(FrameType.request);
      guest.send(answer ? FrameType.failed : FrameType.done, 0, channel, answer);
    }
    await first.next(FrameType.hello);
    for (const answer of [failure(Phase.mount, 20), undefined]) {
      const client = await board.open();
      const asked = await guest.next(FrameType.request);
      expect(asked.payload).toEqual(encodeConfiguration({ mounts: mounts.slice(0, 1) }));
      expect(client.frames).toEqual([]);
      guest.send(answer ? FrameType.failed : FrameType.done, 0, asked.channel, answer);
      await client.next(FrameType.hello);
      expect(board.lab.record().failedMounts).toHaveLength(answer ? 1 : 0);
    }
    await (await board.open()).next(FrameType.hello);
    expect(guest.frames).toEqual([]);
    expect(failures()).toHaveLength(1);
  });

  test('whose next attempt took long delay no other client for a while', async () => {
    await start(request.toString('hex'));
    const guest = await board.guest();
    guest.greet();
    for (const answersAfterMs of [0, 1100]) {
      const client = await board.open();
      const { channel } = await guest.next(FrameType.request);
      await pause(answersAfterMs);
      guest.send(FrameType.failed, 0, channel, failure(Phase.mount, 22));
      await client.next(FrameType.hello);
    }
    await (await board.open()).next(FrameType.hello);
    expect(guest.frames).toEqual([]);
    expect(board.lab.record().failedMounts).toHaveLength(1);
  });

  test('that failed are forgotten when a new request lacks them', async () => {
    await start(request.toString('hex'));
    const guest = await board.guest();
    guest.greet();
    const first = await board.open();
    const { channel } = await guest.next(FrameType.request);
    guest.send(FrameType.failed, 0, channel, failure(Phase.mount, 19));
    await first.next(FrameType.hello);
    expect(board.lab.record().failedMounts).toHaveLength(1);
    writeFileSync(board.lab.path('mounts.request'), '');
    await (await board.open()).next(FrameType.hello);
    await until(() => board.lab.record().failedMounts.length === 0, { awaited: 'the record has changed' });
    expect(guest.frames).toEqual([]);
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
  await until(() => board.lab.text('qemu.log').includes('mounts.request'), { awaited: 'it says so' });
});

test.each(['0', 'xy', '0g', '02', '0102000004'])(
  'a request of %j keeps the machine from starting',
  async (text) => {
    await expect(start(text)).rejects.toThrow(/mounts\.request/);
  },
);
