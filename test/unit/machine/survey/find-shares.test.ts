import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InvalidInputError, SharesUnavailableError, type VmletError } from '../../../../src/errors/index.ts';
import type { Host } from '../../../../src/host/survey/host.ts';
import { parseMounts } from '../../../../src/machine/share/mount-set.ts';
import type { VolumeInput } from '../../../../src/machine/mount/volume-spec.ts';
import { findShares } from '../../../../src/machine/survey/find-shares.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const virtiofsd = {
  path: '/virtiofsd',
  translatesIds: true,
  usesFileHandles: true,
  survivesMissingFiles: true,
  migrates: true,
};
const qemu = { devices: ['vhost-user-fs-pci'], objects: ['memory-backend-memfd'] };
const confinement = { seccomp: { usable: true } };
const host = (changes: object = {}) => ({ qemu, virtiofsd, confinement, ...changes }) as unknown as Host;
const find = (volume: VolumeInput, changes: object = {}) =>
  findShares(parseMounts({ volumes: [volume], directory }).shares, host(changes));

function refusal(volume: VolumeInput, changes: object = {}): VmletError {
  try {
    find(volume, changes);
  } catch (error) {
    if (error instanceof SharesUnavailableError || error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

it('resolves links to a directory, and finds its user', () => {
  symlinkSync('.', join(directory, 'link'));
  const [share] = find('./link/link:/x:ro');
  expect(share).toMatchObject({ source: directory, target: '/x', readOnly: true, changesUser: false });
  expect(share?.runsAs).toEqual({ uid: process.getuid?.(), gid: process.getgid?.() });
});

it('reports what the host lacks, and that a copy does not need it', () => {
  const lacks = (changes: object) => {
    const error = refusal('.:/x', changes);
    expect(error.hint).toContain('or copy the directory (-v SRC:DST:ro,copy;');
    return error.message;
  };
  const problem = 'this host cannot share directories: ';
  expect(lacks({ virtiofsd: undefined })).toBe(`${problem}virtiofsd is not installed`);
  expect(lacks({ virtiofsd: { ...virtiofsd, problem: 'this virtiofsd has no --shared-dir' } })).toBe(
    `${problem}this virtiofsd has no --shared-dir`,
  );
  expect(lacks({ qemu: { ...qemu, devices: [] } })).toBe(
    `${problem}this QEMU does not support vhost-user-fs-pci`,
  );
  expect(lacks({ qemu: { ...qemu, objects: [] } })).toBe(
    `${problem}this QEMU does not support memory-backend-memfd`,
  );
  const old = { virtiofsd: { ...virtiofsd, translatesIds: false } };
  expect(lacks(old)).toBe(
    `${problem}the installed virtiofsd is too old: it does not support --translate-uid`,
  );
  expect(find('.:/x:ids=host', old)).toHaveLength(1);
  expect(refusal('.:/x', { virtiofsd: undefined }).hint).toContain('apt install virtiofsd');
});

it('names a path that is not a directory', () => {
  writeFileSync(join(directory, 'file'), '');
  expect(refusal('./file:/x').message).toBe(`volumes[0]: not a directory: ${join(directory, 'file')}`);
  expect(refusal('./file:/x').hint).toBe(
    'share the directory that contains the file, or copy the file into a named machine: vmlet cp FILE NAME:/PATH',
  );
  expect(refusal('./none:/x').message).toBe(`volumes[0]: no such directory: ${join(directory, 'none')}`);
  expect(refusal('./file/in:/x').message).toBe(
    `volumes[0]: no such directory: ${join(directory, 'file/in')}`,
  );
});

it('quotes a missing directory for a shell in the command that creates it', () => {
  expect(refusal("./it's missing:/x").hint).toBe(
    `create it: mkdir -p '${join(directory, "it'\\''s missing")}'`,
  );
});

it('names a FIFO, a socket or a device as no directory', async () => {
  execFileSync('mkfifo', [join(directory, 'fifo')]);
  const server = createServer().listen(join(directory, 'socket'));
  await once(server, 'listening');
  try {
    for (const path of [join(directory, 'fifo'), join(directory, 'socket'), '/dev/null']) {
      const error = refusal(`${path}:/x`);
      expect(error.message).toBe(`volumes[0]: not a directory: ${path}`);
      expect(error.hint).toMatch(/^share a directory: FIFOs, sockets and devices/);
    }
  } finally {
    server.close();
  }
});

it('shares no writable directory of root without seccomp', () => {
  const without = { confinement: { seccomp: { usable: false, reason: 'for a test' } } };
  expect(find('/usr:/x:ro', without)).toHaveLength(1);
  if (process.getuid?.() !== 0) return expect(find('/usr:/x', without)).toHaveLength(1);
  const { message, hint } = refusal('/usr:/x', without);
  expect(message).toBe(
    'this host cannot share directories: without seccomp (for a test), a guest could create setuid programs of root in /usr',
  );
  expect(hint).toMatch(/^share the directory read-only \(-v SRC:DST:ro\), or copy the directory/);
});
