import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDescriptors, startAgent, temporaryFolder } from '../../../../fixtures/agent/agent-process.ts';
import { awaitedLater, until } from '../../../until.ts';
import { GuestFileError, InvalidInputError } from '../../../../src/errors/index.ts';
import type { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import type { SupervisedProcess } from '../../../../src/process/supervise.ts';
import { Scope } from '../../../../src/util/scope.ts';

let scope: Scope;
const program = agentProgram();
let guest: GuestAgent;
let agent: SupervisedProcess;
let folder: string;

beforeEach(async () => {
  scope = new Scope();
  folder = temporaryFolder(scope);
  ({ guest, agent } = await startAgent(program, scope));
});
afterEach(async () => scope.close());

const big = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 253));

describe('push', () => {
  test.each([
    ['text', 'text', 'text'],
    ['nothing', '', ''],
    ['bytes', Buffer.from([0, 255]), '\0\xff'],
  ])('writes %s', async (_, source, content) => {
    await guest.push(source, join(folder, 'file'));
    expect(readFileSync(join(folder, 'file'), 'latin1')).toBe(content);
    expect(statSync(join(folder, 'file')).mode & 0o7777).toBe(0o644);
  });

  test('writes much more than its window, from a stream', async () => {
    const source = (async function* () {
      for (let count = 0; count < 10; count += 1) {
        await setImmediate();
        yield big;
      }
    })();
    await guest.push(source, join(folder, 'big'));
    expect(
      readFileSync(join(folder, 'big')).equals(Buffer.concat(Array.from({ length: 10 }, () => big))),
    ).toBe(true);
  });

  test('sets mode, time and folders', async () => {
    const path = join(folder, 'a/b/c/file');
    await guest.push('x', path, { mode: 0o4711, mtimeMs: 1_700_000_000_250, parents: true });
    const { mode, mtimeMs } = statSync(path);
    expect([mode & 0o7777, mtimeMs]).toEqual([0o4711, 1_700_000_000_250]);
  });

  test('keeps the mode of the file that it replaces, and follows a link', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'old', { mode: 0o640 });
    symlinkSync('file', join(folder, 'link'));
    await guest.push('new', join(folder, 'link'));
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readlinkSync(join(folder, 'link'))).toBe('file');
  });

  test.each([
    ['a missing directory', 'no/file', 'ENOENT'],
    ['a file as directory', 'file/file', 'ENOTDIR'],
    ['a directory', 'folder', 'EISDIR'],
  ])('explains why it cannot write to %s', async (_, name, errno) => {
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'file'), '');
    const path = join(folder, name);
    const failure = guest.push(big, path);
    await expect(failure).rejects.toBeInstanceOf(GuestFileError);
    await expect(failure).rejects.toMatchObject({ code: 'VMLET_GUEST_FILE', path, errno });
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder']);
  });

  test.each(['missing', '../folder/missing', 'next'])(
    'creates the missing target %s of a link',
    async (target) => {
      mkdirSync(join(folder, 'folder'));
      symlinkSync(target, join(folder, 'folder/link'));
      symlinkSync(join(folder, 'folder/missing'), join(folder, 'folder/next'));
      await guest.push('new', join(folder, 'folder/link'));
      expect(readFileSync(join(folder, 'folder/missing'), 'utf8')).toBe('new');
      expect(readlinkSync(join(folder, 'folder/link'))).toBe(target);
    },
  );

  test('explains why it cannot write through a link', async () => {
    symlinkSync('no/file', join(folder, 'dangling'));
    symlinkSync('loop', join(folder, 'loop'));
    await expect(guest.push('x', join(folder, 'dangling'))).rejects.toMatchObject({ errno: 'ENOENT' });
    await expect(guest.push('x', join(folder, 'loop'))).rejects.toMatchObject({ errno: 'ELOOP' });
    expect(readdirSync(folder).sort()).toEqual(['dangling', 'loop']);
    expect(readlinkSync(join(folder, 'loop'))).toBe('loop');
  });

  test('does not replace a device', async () => {
    await expect(guest.push('x', '/dev/null')).rejects.toMatchObject({
      errno: 'EINVAL',
      message: '/dev/null in the guest: is not a regular file (EINVAL)',
    });
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('keeps the existing file when it is aborted', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'old');
    const controller = new AbortController();
    const reason = new Error('enough');
    const endless = (async function* () {
      for (;;) {
        await setImmediate();
        yield big;
      }
    })();
    const pushed = awaitedLater(guest.push(endless, path, { signal: controller.signal }));
    await until(() => readdirSync(folder).length === 2, { awaited: 'something is on its way' });
    // Another agent with the same process ID, in another boot or guest, must not use the same name.
    expect(readdirSync(folder).sort()[0]).toMatch(/^\.vmlet-\w{6}$/);
    controller.abort(reason);
    await expect(pushed).rejects.toBe(reason);
    await until(() => readdirSync(folder).length === 1, { awaited: 'the leftover is gone' });
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  test('keeps the existing file when its source fails', async () => {
    const source = (async function* () {
      yield big;
      await setImmediate();
      throw new Error('no more');
    })();
    await expect(guest.push(source, join(folder, 'file'))).rejects.toThrow('no more');
    await until(() => readdirSync(folder).length === 0, { awaited: 'the leftover is gone' });
  });

  test('keeps the existing file when the session ends', async () => {
    const endless = (async function* () {
      for (;;) {
        await setImmediate();
        yield Buffer.alloc(1000);
      }
    })();
    const pushed = awaitedLater(guest.push(endless, join(folder, 'file')));
    await until(() => readdirSync(folder).length === 1, { awaited: 'something is on its way' });
    await guest.close();
    await expect(pushed).rejects.toMatchObject({ code: 'VMLET_GUEST_CLOSED' });
    await until(() => readdirSync(folder).length === 0, { awaited: 'the leftover is gone' });
  });

  test.each([
    ['path', 'relative', {}],
    ['path', '/a\0b', {}],
    ['mode', '/file', { mode: 0o10000 }],
    ['mtimeMs', '/file', { mtimeMs: Number.NaN }],
  ])('rejects a wrong %s', async (field, path, options) => {
    await expect(guest.push('x', path, options)).rejects.toMatchObject({
      constructor: InvalidInputError,
      field,
    });
  });
});

describe('pull', () => {
  test('reads a file and its attributes', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, big, { mode: 0o751 });
    const file = guest.pull(path);
    const { size, mode, mtimeMs } = await file.attributes;
    expect([size, mode]).toEqual([big.length, 0o751]);
    expect(mtimeMs).toBeCloseTo(statSync(path).mtimeMs, 0);
    expect(Buffer.concat((await file.stream.toArray()) as Buffer[]).equals(big)).toBe(true);
    expect((await guest.readFile(path)).equals(big)).toBe(true);
  });

  test('reads files of /proc and empty ones', async () => {
    expect((await guest.readFile('/proc/version')).toString()).toMatch(/^Linux version/);
    writeFileSync(join(folder, 'empty'), '');
    expect((await guest.readFile(join(folder, 'empty'))).length).toBe(0);
  });

  test('waits for its reader without delaying anything else', async () => {
    writeFileSync(join(folder, 'file'), big);
    const file = guest.pull(join(folder, 'file'));
    await file.attributes;
    expect((await guest.exec(['echo', 'x'])).stdout.toString()).toBe('x\n');
    let size = 0;
    for await (const chunk of file) {
      await setImmediate();
      size += chunk.length;
    }
    expect(size).toBe(big.length);
  });

  test.each([
    ['grows', (path: string) => appendFileSync(path, 'more')],
    ['shrinks', (path: string) => truncateSync(path, 2_500_000)],
  ])('rejects a file that %s while it is read', async (_, change) => {
    const path = join(folder, 'file');
    writeFileSync(path, big);
    const file = guest.pull(path);
    await file.attributes;
    change(path);
    const whole = async (): Promise<void> => {
      for await (const chunk of file.whole()) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(whole()).rejects.toMatchObject({ path, errno: 'EIO' });
  });

  test.each(['/proc/version', '/sys/kernel/mm/transparent_hugepage/enabled'])(
    'reads all of %s, whatever its stated size',
    async (path) => {
      const file = guest.pull(path);
      const content = readFileSync(path);
      expect((await file.attributes).size).not.toBe(content.length);
      const chunks: Buffer[] = [];
      for await (const chunk of file.whole()) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(content)).toBe(true);
    },
  );

  test.each([
    ['a missing file', '/no/such/file', 'ENOENT'],
    ['a directory', '/usr', 'EISDIR'],
    ['a device', '/dev/zero', 'EINVAL'],
  ])('explains why it cannot read %s', async (_, path, errno) => {
    const failure = guest.readFile(path);
    await expect(failure).rejects.toBeInstanceOf(GuestFileError);
    await expect(failure).rejects.toMatchObject({ path, errno });
  });

  test('says how to read a device or FIFO', async () => {
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    for (const path of ['/dev/zero', join(folder, 'fifo')]) {
      await expect(guest.readFile(path)).rejects.toMatchObject({
        message: `${path} in the guest: is not a regular file (EINVAL)`,
        hint: `to read it, run: vmlet exec NAME -- cat ${path} >FILE`,
      });
    }
  });

  test('does not take a socket for a file', async () => {
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    await once(server, 'listening');
    await expect(guest.readFile(path)).rejects.toThrow('is not a regular file (EINVAL)');
    server.close();
  });

  test('closes the file when its reader leaves or aborts', async () => {
    writeFileSync(join(folder, 'file'), big);
    await guest.ping();
    const before = openDescriptors(agent.pid);
    for await (const chunk of guest.pull(join(folder, 'file'))) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const controller = new AbortController();
    const reason = new Error('enough');
    const file = guest.pull(join(folder, 'file'), { signal: controller.signal });
    await file.attributes;
    controller.abort(reason);
    await expect(file.stream.toArray()).rejects.toBe(reason);
    await until(() => openDescriptors(agent.pid) === before, { awaited: 'both files are closed' });
    expect((await guest.readFile(join(folder, 'file'))).length).toBe(big.length);
  });
});
