import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { attachPlayed } from '../../../../fixtures/agent/played-agent.ts';
import { FieldWriter, Tag } from '../../../../src/guest/agent/fields.ts';
import { FrameFinder, FrameType, encodeFrame } from '../../../../src/guest/agent/agent-frame.ts';
import type { GuestChannel } from '../../../../src/machines/channel/guest-channel.ts';
import { copyIntoGuest, copyOutOfGuest } from '../../../../src/machines/guest/copy.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { isSystemError } from '../../../../src/errors/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { until } from '../../../until.ts';

let scope: Scope;
let folder: string;

beforeEach(() => {
  scope = new Scope();
  const directory = makeTemporaryDirectory();
  scope.defer(() => directory.remove());
  folder = join(directory.path, 'folder');
  mkdirSync(folder);
});
afterEach(async () => scope.close());

/** An agent with a file of five bytes at each path. */
async function lyingChannel(): Promise<GuestChannel> {
  const { guest, agent } = await attachPlayed(scope);
  const about = new FieldWriter(1).u64(Tag.size, 5n).u32(Tag.mode, 0o644).u64(Tag.mtime, 0n).toBuffer();
  agent.on('data', () =>
    agent.write(
      Buffer.concat([
        encodeFrame(FrameType.started, 0, 1, about),
        encodeFrame(FrameType.data, 0, 1, Buffer.from('hello')),
        encodeFrame(FrameType.done, 0, 1),
      ]),
    ),
  );
  return { kind: 'vmlet', agent: guest } as GuestChannel;
}

test.each(['/', '/etc/', '/etc/.', '/etc/..', '/..'])(
  '%j is a directory, and nothing is left if the agent sends no archive',
  async (path) => {
    for (const target of [folder, `${folder}/`, join(folder, 'new')]) {
      const channel = await lyingChannel();
      await expect(copyOutOfGuest(channel, path, target, {})).rejects.toMatchObject({
        code: 'VMLET_GUEST_PROTOCOL',
      });
    }
    expect(readdirSync(join(folder, '..'))).toEqual(['folder']);
    expect(readdirSync(folder)).toEqual([]);
  },
);

test.each(['', '.', '..', 'etc/hosts'])('%j is not an absolute path', async (path) => {
  await expect(copyOutOfGuest(await lyingChannel(), path, folder, {})).rejects.toMatchObject({
    code: 'VMLET_INVALID_INPUT',
    field: 'path',
  });
});

test.each(['/etc/...', '/.x', '/etc/..x', '/x'])('%j is a file', async (path) => {
  await copyOutOfGuest(await lyingChannel(), path, join(folder, 'copy'), {});
  expect(readFileSync(join(folder, 'copy'), 'utf8')).toBe('hello');
});

test('a file that is copied onto a symbolic link replaces the file behind it', async () => {
  mkdirSync(join(folder, 'links'));
  symlinkSync('../file', join(folder, 'links/x'));
  for (const target of [join(folder, 'links/x'), join(folder, 'links')]) {
    writeFileSync(join(folder, 'file'), 'old');
    await copyOutOfGuest(await lyingChannel(), '/etc/x', target, {});
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('hello');
    expect(lstatSync(join(folder, 'links/x')).isSymbolicLink()).toBe(true);
  }
});

/** QEMU's agent in a guest whose only directory is /root. Notes the paths that are opened and changed. */
function qgaChannel(paths: string[], closed: Promise<unknown> = new Promise(() => undefined)): GuestChannel {
  const answers: Record<string, unknown> = {
    'guest-file-open': 1,
    'guest-file-read': { 'buf-b64': 'aGVsbG8=', count: 5, eof: true },
    'guest-file-write': { count: 5 },
  };
  const client = {
    closed,
    execute: async (command: string, { path }: { path?: string }) => {
      if (path !== undefined) paths.push(path);
      return Promise.resolve(answers[command] ?? {});
    },
  };
  const exec = async ([program, ...words]: readonly string[]) => {
    const path = words.at(-1) ?? '';
    if (program === 'chmod') paths.push(path);
    const exitCode = program === 'test' && path !== '/root' ? 1 : 0;
    return Promise.resolve({ exitCode, stdout: Buffer.from('644\n'), stderr: Buffer.alloc(0) });
  };
  return { kind: 'qga', client, exec } as unknown as GuestChannel;
}

test.each([
  ['/root', '/root/file'],
  ['/root/', '/root/file'],
  ['/root/new', '/root/new'],
])("with QEMU's agent, a file that is copied to %s is %s", async (path, written) => {
  const file = join(folder, 'file');
  writeFileSync(file, 'hello');
  const paths: string[] = [];
  await copyIntoGuest(qgaChannel(paths), file, path, {});
  expect(paths).toEqual([written, written]);
});

test("with QEMU's agent, a directory that is missing on the host is named", async () => {
  await expect(
    copyOutOfGuest(qgaChannel([]), '/etc/hosts', join(folder, 'none/hosts'), {}),
  ).rejects.toMatchObject({ message: `target: no such directory: ${join(folder, 'none')}` });
  await copyOutOfGuest(qgaChannel([]), '/etc/hosts', folder, {});
  expect(readFileSync(join(folder, 'hosts'), 'utf8')).toBe('hello');
});

const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;

/** Opens a FIFO for writing; undefined while nobody has it open for reading. */
function openWriter(fifo: string): number | undefined {
  try {
    return openSync(fifo, WRITE);
  } catch (error) {
    if (isSystemError(error, 'ENXIO')) return undefined;
    throw error;
  }
}

function makeFifo(): string {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  return fifo;
}

test.each(['before there is a writer', 'while a writer holds it open'])(
  'a FIFO is no longer read when the guest is gone %s',
  async (when) => {
    const fifo = makeFifo();
    const { guest, agent } = await attachPlayed(scope);
    const requested = new FrameFinder(FrameType.request);
    const asked = new Promise<void>((resolve) => {
      agent.on('data', (chunk: Buffer) => {
        if (requested.find(chunk)) resolve();
      });
    });
    const copied = copyIntoGuest({ kind: 'vmlet', agent: guest } as GuestChannel, fifo, '/x', {});
    await asked;
    const writer = when.startsWith('while') ? openWriter(fifo) : undefined;
    agent.destroy();
    await expect(copied).rejects.toMatchObject({ code: 'VMLET_GUEST_CLOSED' });
    if (writer !== undefined) closeSync(writer);
    // A thread that waits for a writer would end this wait only by the test's own writer.
    expect(process.getActiveResourcesInfo()).not.toContain('FSReqCallback');
    await until(() => openWriter(fifo) === undefined, { awaited: 'nobody reads the FIFO' });
  },
);

test("with QEMU's agent, a FIFO is read to its end, and an abort or the end of the guest ends the wait", async () => {
  const fifo = makeFifo();
  const paths: string[] = [];
  const copied = copyIntoGuest(qgaChannel(paths), fifo, '/root/new', {});
  const writer = await until(() => openWriter(fifo), { awaited: 'the FIFO is read' });
  writeFileSync(writer, 'hello');
  closeSync(writer);
  await copied;
  expect(paths).toEqual(['/root/new', '/root/new']);
  const abort = new AbortController();
  const aborted = copyIntoGuest(qgaChannel(paths), fifo, '/root/new', { signal: abort.signal });
  const idle = await until(() => openWriter(fifo), { awaited: 'the FIFO is read again' });
  const reason = new Error('enough');
  abort.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  closeSync(idle);
  const ended = deferred<undefined>();
  const left = copyIntoGuest(qgaChannel(paths, ended.promise), fifo, '/root/new', {});
  const late = await until(() => openWriter(fifo), { awaited: 'the FIFO is read once more' });
  ended.resolve(undefined);
  await expect(left).rejects.toMatchObject({ code: 'VMLET_QMP_CLOSED' });
  closeSync(late);
});

test('a socket is not copied', async () => {
  const path = join(folder, 'socket');
  const server = createServer();
  await once(server.listen(path), 'listening');
  scope.defer(() => void server.close());
  await expect(copyIntoGuest(qgaChannel([]), path, '/root/new', {})).rejects.toThrow(
    `source: ${path} is a socket, not a file or directory`,
  );
});
