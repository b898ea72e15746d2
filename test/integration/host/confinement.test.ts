import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../fixtures/boot-sectors.ts';
import { probeQemu } from '../../../src/host/qemu.ts';
import { confineQemu } from '../../../src/host/confinement.ts';
import { SANDBOX_OPTION } from '../../../src/host/qemu.ts';
import { probeSetpriv } from '../../../src/host/setpriv.ts';
import { confine } from '../../../src/process/confine.ts';
import { requireProgram } from '../../../src/process/program.ts';
import { supervise } from '../../../src/process/supervise.ts';
import { QmpClient } from '../../../src/qmp/index.ts';
import { Scope } from '../../../src/util/scope.ts';

const NOBODY = 65534;
const AWKWARD = 'a b,c:d="e"';
const setpriv = await probeSetpriv(requireProgram('setpriv'), undefined);
const qemu = await probeQemu(requireProgram('qemu-system-x86_64'), undefined);
const isRoot = process.getuid?.() === 0;

let scope: Scope;
/** The user's home, with a secret in it. */
let home: string;
let secret: string;
/** The machine's own directory. */
let own: string;
/** Where its image lies. */
let images: string;
let image: string;

beforeEach(() => {
  scope = new Scope();
  home = mkdtempSync(join(tmpdir(), 'vmlet-confine-'));
  scope.defer(() => rmSync(home, { recursive: true, force: true }));
  [own, images] = [join(home, `own ${AWKWARD}`), join(home, `images ${AWKWARD}`)];
  [secret, image] = [join(home, 'secret.raw'), join(images, 'boot.raw')];
  for (const directory of [own, images]) mkdirSync(directory, { mode: 0o700 });
  writeFileSync(secret, Buffer.alloc(1024 * 1024));
  writeFileSync(join(own, 'disk.raw'), Buffer.alloc(1024 * 1024));
  writeFileSync(image, bootSectors.hang);
});

afterEach(async () => scope.close());

/** A guest that runs its boot sector from `image`, with QEMU under confinement as root or as an ordinary user. */
async function startConfined(user: 'myself' | 'nobody'): Promise<{ qmp: QmpClient; firstWords: string }> {
  const flags = confine(
    confineQemu(qemu, { readOnly: [image], readWrite: [], own: [own], kvm: false, slirp: true }),
    setpriv,
  );
  const argv = [
    qemu.path,
    ...['-machine', 'pc', '-accel', 'tcg', '-m', '16', '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-sandbox', SANDBOX_OPTION],
    '-blockdev',
    JSON.stringify({
      driver: 'raw',
      'node-name': 'boot',
      'read-only': true,
      file: { driver: 'file', filename: image },
    }),
    ...['-device', 'floppy,drive=boot'],
    ...['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-chardev', 'socket,id=monitor,fd=3', '-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', 'socket,id=console,fd=4', '-serial', 'chardev:console'],
  ];
  const asNobody = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
  const command: string[] =
    user === 'myself'
      ? argv
      : [setpriv.path, ...asNobody, setpriv.path, ...flags, '/bin/sh', '-c', 'exec "$@"', 'sh', ...argv];
  const child = supervise(
    command as [string, ...string[]],
    {
      environment: {},
      descriptors: ['pipe', 'pipe'],
      ...(user === 'myself' && { setprivFlags: flags }),
    },
    scope,
  );
  const console = child.connections.get(4)!;
  const firstWords = new Promise<string>((resolve) => {
    let text = '';
    console.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('up')) resolve(text);
    });
    void child.exited.then(() => resolve(`QEMU ended: ${child.output.last(5).join('\n')}`));
  });
  const qmp = await QmpClient.negotiate(child.connections.get(3)!);
  scope.defer(async () => qmp.close());
  return { qmp, firstWords: await firstWords };
}

async function addFile(qmp: QmpClient, filename: string, readOnly: boolean): Promise<string> {
  return qmp
    .execute('blockdev-add', {
      driver: 'file',
      'node-name': `n${performance.now()}`.replace('.', '-'),
      filename,
      'read-only': readOnly,
    })
    .then(
      () => 'opened',
      (error: unknown) => (error as Error).message,
    );
}

describe.skipIf(!setpriv.landlock.usable).each([
  { user: 'myself' as const, skip: false },
  { user: 'nobody' as const, skip: !isRoot },
])('QEMU confined as $user', ({ user, skip }) => {
  it.skipIf(skip)('boots, opens its own files and is refused everything else', async () => {
    if (user === 'nobody') {
      for (const path of [home, own, images, secret, image, join(own, 'disk.raw')]) {
        chownSync(path, NOBODY, NOBODY);
      }
    }
    chmodSync(home, 0o700);
    const { qmp, firstWords } = await startConfined(user);
    expect(firstWords).toContain('up');

    await expect(addFile(qmp, secret, true)).resolves.toMatch(/Permission denied/);
    await expect(addFile(qmp, '/etc/passwd', true)).resolves.toMatch(/Permission denied/);
    await expect(addFile(qmp, image, false)).resolves.toMatch(/Permission denied/);
    await expect(addFile(qmp, image, true)).resolves.toBe('opened');
    await expect(addFile(qmp, join(own, 'disk.raw'), false)).resolves.toBe('opened');

    const outside = join(home, 'made-outside');
    await expect(addChardev(qmp, outside)).resolves.toMatch(/Permission denied/);
    expect(existsSync(outside)).toBe(false);
    const inside = join(own, 'made inside');
    await expect(addChardev(qmp, inside)).resolves.toBe('opened');
    expect(existsSync(inside)).toBe(true);
  });
});

async function addChardev(qmp: QmpClient, out: string): Promise<string> {
  return qmp
    .execute('chardev-add', {
      id: `c${performance.now()}`.replace('.', '-'),
      backend: { type: 'file', data: { out } },
    })
    .then(
      () => 'opened',
      (error: unknown) => (error as Error).message,
    );
}

describe.skipIf(!setpriv.landlock.usable)('a confined program', () => {
  async function runShell(script: string): Promise<number | undefined> {
    const confinement = confineQemu(qemu, {
      readOnly: [],
      readWrite: [],
      own: [own],
      kvm: false,
      slirp: false,
    });
    const child = supervise(
      ['/bin/sh', '-c', script],
      { environment: {}, cwd: own, setprivFlags: confine(confinement, setpriv) },
      scope,
    );
    return (await child.exited).exitCode;
  }

  it('may not execute what it was not given', async () => {
    expect(await runShell('/usr/bin/id')).toBe(126);
  });

  it('may not execute what it made itself', async () => {
    expect(await runShell('echo exit 7 > tool')).toBe(0);
    chmodSync(join(own, 'tool'), 0o755);
    expect(await runShell('./tool')).toBe(126);
  });

  it('makes, reads and removes in its own directory', async () => {
    expect(await runShell('echo 1 > file && read x < file && test "$x" = 1 && echo 2 >> file')).toBe(0);
  });
});

describe('a host without Landlock', () => {
  const fixture = (name: string): string => join(import.meta.dirname, '../../../fixtures/host', name);

  it('keeps no-new-privileges where setpriv is too old', async () => {
    const old = await probeSetpriv(fixture('setpriv-without-landlock'), undefined);
    expect(old.landlock).toEqual({
      usable: false,
      reason: expect.stringContaining('util-linux 2.40') as string,
    });
    const flags = confine({ execute: [], readOnly: [], readWrite: [], own: [own] }, old);
    expect(flags).toEqual(['--no-new-privs']);
    const child = supervise(
      ['/bin/sh', '-c', ': < "$1"', 'sh', secret],
      { environment: {}, setprivFlags: flags },
      scope,
    );
    expect((await child.exited).exitCode).toBe(0);
  });

  it('says what the kernel said where that has no Landlock', async () => {
    const kernel = await probeSetpriv(fixture('setpriv-refused-by-kernel'), undefined);
    expect(kernel.landlock).toEqual({
      usable: false,
      reason: 'setpriv: landlock_create_ruleset failed: Function not implemented',
    });
  });

  it('does not believe a setpriv whose ruleset stops nothing', async () => {
    const fake = await probeSetpriv(fixture('setpriv-without-effect'), undefined);
    expect(fake.landlock).toEqual({
      usable: false,
      reason: 'the kernel took a Landlock ruleset and did not enforce it',
    });
  });

  it('uses the rights that an older kernel knows', async () => {
    const older = await probeSetpriv(fixture('setpriv-on-older-kernel'), undefined);
    expect(older.landlock.usable && older.landlock.accesses).not.toContain('truncate');
    expect(older.landlock.usable && older.landlock.accesses).toContain('refer');
  });
});
