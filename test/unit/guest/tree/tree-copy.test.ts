import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { GuestSetupError } from '../../../../src/errors/index.ts';
import type { GuestCommands } from '../../../../src/guest/tree/tree-copy.ts';
import {
  copyMembersIntoGuest,
  copyTreeIntoGuest,
  unpackInGuest,
} from '../../../../src/guest/tree/tree-into-guest.ts';
import { copyTreeOutOfGuest } from '../../../../src/guest/tree/tree-out-of-guest.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { localAgent } from '../sync/local-agent.ts';

const top = temporaryDirectory();
const local = localAgent() as unknown as GuestCommands;
/** In a guest, tar runs as root, for whom it keeps all modes. */
const asRoot = process.getuid?.() === 0 ? [] : ['unshare', '--user', '--map-root-user'];
const agent: GuestCommands = { exec: (argv, options) => local.exec([...asRoot, ...argv], options) };

/** A directory of the host, and one of the guest with a link in the place of `lib`, and another mode of `tmp`. */
function places() {
  const source = directoryIn(top, 'host-');
  const target = directoryIn(top, 'guest-');
  for (const path of ['lib', 'tmp']) mkdirSync(join(source, path), { mode: 0o755 });
  for (const path of ['lib/new', 'tmp/new']) writeFileSync(join(source, path), path);
  mkdirSync(join(target, 'usr/lib'), { recursive: true });
  writeFileSync(join(target, 'usr/lib/old'), 'old');
  symlinkSync('usr/lib', join(target, 'lib'));
  mkdirSync(join(target, 'tmp'));
  chmodSync(join(target, 'tmp'), 0o1777);
  return { source, target };
}

it('keeps links to directories, and the modes of directories, in the guest', async () => {
  const { source, target } = places();
  await copyTreeIntoGuest(agent, `${source}/.`, target, {});
  expect(readlinkSync(join(target, 'lib'))).toBe('usr/lib');
  expect(readFileSync(join(target, 'usr/lib/old'), 'utf8')).toBe('old');
  expect(readFileSync(join(target, 'usr/lib/new'), 'utf8')).toBe('lib/new');
  expect(readFileSync(join(target, 'tmp/new'), 'utf8')).toBe('tmp/new');
  expect(statSync(join(target, 'tmp')).mode & 0o7777).toBe(0o1777);
});

const BUSYBOX = 'BusyBox v1.37.0 (Debian) multi-call binary.';

/** Says which options it has, and prints its words and the mask; busybox itself is tried in test/e2e. */
const otherTar = (title: string): string => `#!/bin/sh
case $1 in
--help) echo '${title}'; echo ' --no-same-permissions  Do not restore access permissions' >&2 ;;
*) cat >/dev/null; echo "$*, $(umask)" >&2; exit 1 ;;
esac
`;

/** A guest with that tar. */
function guestWith(title: string) {
  const programs = directoryIn(top, 'programs-');
  writeFileSync(join(programs, 'tar'), otherTar(title), { mode: 0o755 });
  const shell = ['env', `PATH=${programs}:${process.env['PATH']}`, 'sh', '-c', 'umask 27; exec "$@"', '-'];
  return { exec: (argv: string[], options: object) => agent.exec([...shell, ...argv], options) };
}

it("keeps the modes of directories with busybox's tar, too, except for those of a tar stream", async () => {
  const { source, target } = places();
  const inGuest = guestWith(BUSYBOX);
  await expect(copyTreeIntoGuest(inGuest, `${source}/.`, target, {})).rejects.toThrow(
    '-x -o --no-same-permissions -f -, 0000',
  );
  // A new directory gets the mode of the original.
  await expect(copyTreeIntoGuest(inGuest, source, join(target, 'new'), {})).rejects.toThrow('-x -f -, 0027');
  const stream = { existing: 'changed', signal: undefined } as const;
  await expect(unpackInGuest(inGuest, Readable.from([]), target, stream)).rejects.toThrow('-x -f -, 0027');
});

it('gives no options to a GNU tar of before 2013, which would lose setuid bits', async () => {
  const { source, target } = places();
  const old = copyTreeIntoGuest(guestWith('Usage: tar [OPTION...] [FILE]...'), `${source}/.`, target, {});
  await expect(old).rejects.toThrow('-x -f -, 0027');
});

it('gives a new directory the mode of the original', async () => {
  const { source, target } = places();
  for (const path of ['.', 'tmp']) chmodSync(join(source, path), 0o710);
  await copyTreeIntoGuest(agent, source, join(target, 'new'), {});
  for (const path of ['new', 'new/tmp']) expect(statSync(join(target, path)).mode & 0o7777).toBe(0o710);
});

it('keeps links to directories when it unpacks a tar stream, and sets modes', async () => {
  const { source, target } = places();
  const { stdout } = spawnSync('tar', ['-c', '--owner=0', '--group=0', '-C', source, '.']);
  await unpackInGuest(agent, Readable.from([stdout]), target, { existing: 'changed', signal: undefined });
  expect(readlinkSync(join(target, 'lib'))).toBe('usr/lib');
  expect(readFileSync(join(target, 'usr/lib/new'), 'utf8')).toBe('lib/new');
  expect(statSync(join(target, 'tmp')).mode & 0o7777).toBe(0o755);
});

it('mirrors directories for a sync', async () => {
  const { source, target } = places();
  await copyMembersIntoGuest(agent, source, ['lib', 'tmp'], target, {});
  expect(lstatSync(join(target, 'lib')).isDirectory()).toBe(true);
  expect(statSync(join(target, 'tmp')).mode & 0o7777).toBe(0o755);
});

it('copies a file that changes meanwhile as it is then', async () => {
  const { source, target } = places();
  const log = join(source, 'log');
  // More than tar and pipes hold: tar still reads it at the change.
  writeFileSync(log, Buffer.alloc(8 * 1024 ** 2));
  let received = 0;
  const reading = {
    exec: async (_argv: unknown, { input }: { input: AsyncIterable<Uint8Array> }) => {
      for await (const chunk of input) {
        if (received === 0) appendFileSync(log, 'more');
        received += chunk.length;
      }
      return { exitCode: 0 };
    },
  };
  await copyTreeIntoGuest(reading as unknown as GuestCommands, source, target, {});
  expect(received).toBeGreaterThan(8 * 1024 ** 2);
});

it('does not cut off tar when that of the guest ends before the end of the archive', async () => {
  const { source, target } = places();
  // More than tar and pipes hold.
  writeFileSync(join(source, 'long'), Buffer.alloc(8 * 1024 ** 2));
  const ending = {
    exec: async (_argv: unknown, { input }: { input: AsyncIterable<Uint8Array> }) => {
      for await (const chunk of input) if (chunk.length > 0) break;
      return { exitCode: 0 };
    },
  };
  await copyTreeIntoGuest(ending as unknown as GuestCommands, source, target, {});
});

describe('the last copy out of a guest', () => {
  const CHANGED = 'tar: ./log: file changed as we read it\n';

  /** A guest whose tar says this, with status 1. */
  function saying(stderr: string): GuestCommands {
    const { stdout } = spawnSync('tar', ['-c', '-C', places().source, '.']);
    const ended = Promise.resolve({ exitCode: 1, stderr: Buffer.from(stderr) });
    const tar = Object.assign(ended, { stdout: Readable.from([stdout]), kill: () => undefined });
    return { exec: (): unknown => tar } as unknown as GuestCommands;
  }

  it.each([
    CHANGED,
    `${CHANGED}tar: ./x y: File removed before we read it\n`,
    'tar: ./log: File shrank by 512 bytes; padding with zeros\n',
  ])('has the files that changed meanwhile: %j', async (stderr) => {
    const copy = join(directoryIn(top, 'copy-'), 'of');
    await copyTreeOutOfGuest(saying(stderr), '/w', copy, { keepsRest: true });
    expect(readFileSync(join(copy, 'lib/new'), 'utf8')).toBe('lib/new');
  });

  it.each([
    ['', true],
    [`${CHANGED}tar: ./x: Cannot open: Permission denied\n`, true],
    [CHANGED, false],
  ])('fails after %j (the last one: %j)', async (stderr, keepsRest) => {
    const copy = join(directoryIn(top, 'copy-'), 'of');
    await expect(copyTreeOutOfGuest(saying(stderr), '/w', copy, { keepsRest })).rejects.toThrow(
      GuestSetupError,
    );
    expect(existsSync(copy)).toBe(false);
  });
});
