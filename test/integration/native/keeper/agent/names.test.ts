import { rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { encodeConfiguration } from '../../../../../src/guest/agent/configuration.ts';
import { FieldWriter, Operation, Phase, Tag } from '../../../../../src/guest/agent/fields.ts';
import { FLAG_MORE, type Frame, FrameType } from '../../../../../src/guest/agent/agent-frame.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { sanitizedKeeper } from '../keeper-lab.ts';
import { type HostileGuest, Switchboard, closeSanitized } from './lab.ts';

const NAMES = '# vmlet lan\n10.9.0.2 db db.lan\n# end of vmlet lan\n';
const MOUNT = encodeConfiguration({ mounts: [{ tag: 'share0', path: '/a directory' }] });
const { EBADMSG, EROFS } = constants.errno;
let program: string, scope: Scope, board: Switchboard;

beforeAll(async () => {
  program = await sanitizedKeeper();
});
beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => closeSanitized(board, scope));

const requestOf = (text: string): Buffer =>
  new FieldWriter(Operation.configure).text(Tag.hosts, text).toBuffer();
const write = (text: string): void => writeFileSync(board.lab.path('names'), text);
const events = (): object[] => board.lab.events().filter(({ event }) => event === 'VMLET_NAMES_FAILED');
const failure = (phase: number, errno: number): Buffer =>
  Buffer.concat([
    Buffer.from([Tag.phase, 1, 0, 0, phase]),
    Buffer.from([Tag.errno, 4, 0, 0, errno, 0, 0, 0]),
  ]);

/** @param names undefined for no file. */
async function start(names: string | undefined, mounts = ''): Promise<HostileGuest> {
  board = await Switchboard.start(program, temporaryFolder(scope), scope, undefined, (lab) => {
    if (names !== undefined) writeFileSync(lab.path('names'), names);
    writeFileSync(lab.path('mounts'), mounts);
    return { namesPath: lab.path('names'), mountsPath: lab.path('mounts') };
  });
  return board.guest();
}

/** Returns the frames of the next request, on another channel than an unfinished one. */
async function nextRequest(guest: HostileGuest, unfinished?: number): Promise<[Frame, ...Frame[]]> {
  let first: Frame;
  do first = await guest.next(FrameType.request);
  while (first.channel === unfinished);
  const frames: [Frame, ...Frame[]] = [first];
  while (frames.at(-1)?.flag === FLAG_MORE) frames.push(await guest.next(FrameType.request));
  return frames;
}

describe('names of private networks', () => {
  test('are sent before the mounts and before a client is answered, as they are at each session', async () => {
    const guest = await start(NAMES, MOUNT.toString('hex'));
    guest.greet();
    const client = await board.open();
    for (const text of [NAMES, '', NAMES.replace('db', 'web')]) {
      write(text);
      if (text !== NAMES) guest.greet();
      const [names] = await nextRequest(guest);
      expect(names.payload).toEqual(requestOf(text));
      expect(guest.frames).toEqual([]);
      guest.send(FrameType.done, 0, names.channel);
      const [mount] = await nextRequest(guest);
      expect(mount.payload).toEqual(MOUNT);
      if (text === NAMES) expect(client.frames).toEqual([]);
      guest.send(FrameType.done, 0, mount.channel);
      if (text === NAMES) await client.next(FrameType.hello);
    }
    expect(events()).toEqual([]);
  });

  test.each([
    ['an agent of an earlier release', Phase.request, EBADMSG],
    ['a guest with a read-only hosts file', Phase.file, EROFS],
  ])('that %s rejects prevent neither mounts nor clients', async (_who, phase, errno) => {
    const guest = await start(NAMES, MOUNT.toString('hex'));
    guest.greet();
    const client = await board.open();
    const [names] = await nextRequest(guest);
    guest.send(FrameType.failed, 0, names.channel, failure(phase, errno));
    const [mount] = await nextRequest(guest);
    expect(mount.payload).toEqual(MOUNT);
    guest.send(FrameType.done, 0, mount.channel);
    await client.next(FrameType.hello);
    expect(events()).toMatchObject([{ data: { phase, errno } }]);
    expect(board.lab.record().failedMounts).toEqual([]);
    // They are not sent once more for each client: a client tells them by itself.
    await (await board.open()).next(FrameType.hello);
    expect(guest.frames).toEqual([]);
  });

  test('are not sent to a machine that was never in a network, until it is', async () => {
    const guest = await start(undefined);
    guest.greet();
    await (await board.open()).next(FrameType.hello);
    expect(guest.frames).toEqual([]);
    write(NAMES);
    guest.greet();
    const [names] = await nextRequest(guest);
    expect(names.payload).toEqual(requestOf(NAMES));
    guest.send(FrameType.done, 0, names.channel);
    rmSync(board.lab.path('names'));
    guest.greet();
    await (await board.open()).next(FrameType.hello);
    expect(guest.frames).toEqual([]);
  });

  test('can be more than a frame holds', async () => {
    const many = NAMES.repeat(5000);
    const guest = await start(many);
    guest.greet();
    const client = await board.open();
    const frames = await nextRequest(guest);
    expect(frames.length).toBeGreaterThan(5);
    expect(new Set(frames.map(({ channel }) => channel)).size).toBe(1);
    expect(Buffer.concat(frames.map(({ payload }) => payload))).toEqual(requestOf(many));
    expect(client.frames).toEqual([]);
    guest.send(FrameType.done, 0, frames[0].channel);
    await client.next(FrameType.hello);
  });

  test('that are more than a request holds are left out', async () => {
    const guest = await start('#'.repeat(1024 * 1024 - 9));
    guest.greet();
    await (await board.open()).next(FrameType.hello);
    expect(guest.frames).toEqual([]);
    expect(board.lab.text('qemu.log')).toContain(board.lab.path('names'));
  });

  test('are sent again when the agent restarts before it has answered', async () => {
    const many = NAMES.repeat(5000);
    const guest = await start(many);
    guest.greet();
    const client = await board.open();
    const { channel } = await guest.next(FrameType.request);
    guest.greet();
    const frames = await nextRequest(guest, channel);
    expect(Buffer.concat(frames.map(({ payload }) => payload))).toEqual(requestOf(many));
    expect(client.frames).toEqual([]);
    guest.send(FrameType.done, 0, frames[0].channel);
    await client.next(FrameType.hello);
  });
});
