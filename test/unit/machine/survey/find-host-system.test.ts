import { chmodSync } from 'node:fs';
import { homedir } from 'node:os';
import { expect, it } from 'vitest';
import { SharesUnavailableError } from '../../../../src/errors/index.ts';
import type { Host } from '../../../../src/host/survey/host.ts';
import { parseMounts } from '../../../../src/machine/share/mount-set.ts';
import { findHostSystem } from '../../../../src/machine/survey/find-host-system.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { everything } from '../plan/every-layer.ts';
import { unable } from '../../process/confine/abilities.ts';

const directory = temporaryDirectory();
chmodSync(directory, 0o755);
const host = {
  qemu: { devices: ['vhost-user-fs-pci'], objects: ['memory-backend-memfd'] },
  virtiofsd: { path: '/virtiofsd' },
  confinement: everything,
} as unknown as Host;
const isRoot = process.getuid?.() === 0;

it('shows the working directory, and runs as an ordinary user', async () => {
  const found = await findHostSystem(directory, [], host);
  expect(found).toMatchObject({ directory, workdir: directory, changesUser: isRoot });
  expect(found.runsAs.uid).toBe(isRoot ? 65534 : process.getuid?.());
});

it('omits a working directory that a share contains, and starts in it', async () => {
  const shares = parseMounts({ volumes: [`.:${directory}`], directory }).shares;
  expect(await findHostSystem(directory, shares, host)).toMatchObject({
    directory: undefined,
    workdir: directory,
  });
  const above = parseMounts({ volumes: [`.:/tmp`], directory }).shares;
  const isInTmp = directory.startsWith('/tmp/');
  expect((await findHostSystem(directory, above, host)).directory).toBe(isInTmp ? undefined : directory);
  const beside = parseMounts({ volumes: [`.:${directory}x`], directory }).shares;
  expect((await findHostSystem(directory, beside, host)).directory).toBe(directory);
});

it('shows no home directory', async () => {
  for (const path of ['/', homedir(), '/proc']) {
    expect(await findHostSystem(path, [], host)).toMatchObject({ directory: undefined, workdir: undefined });
  }
});

it.runIf(isRoot)('shows no directory that is private to root', async () => {
  chmodSync(directory, 0o700);
  expect((await findHostSystem(directory, [], host)).directory).toBeUndefined();
  chmodSync(directory, 0o755);
});

it('requires a mount namespace and virtiofsd', async () => {
  const namespaces = { ...everything.namespaces, mount: unable };
  const without = { ...host, confinement: { ...everything, namespaces } } as Host;
  await expect(findHostSystem(directory, [], without)).rejects.toThrow(SharesUnavailableError);
  await expect(findHostSystem(directory, [], { ...host, virtiofsd: undefined })).rejects.toThrow(
    expect.objectContaining({
      message: 'this host cannot share directories: virtiofsd is not installed',
      // A copy of a directory does not help: the image is the host's system.
      hint: expect.stringMatching(
        /^install virtiofsd .*, or use another image, such as debian:13$/,
      ) as string,
    }),
  );
});
