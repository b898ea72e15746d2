import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { probeQemu } from '../../../src/host/programs/qemu.ts';
import { confineQemu, resolverOf } from '../../../src/host/confined-programs.ts';
import { SANDBOX_OPTION } from '../../../src/host/programs/qemu.ts';
import { confine } from '../../../src/process/confine/confine.ts';
import { confineProgram } from '../../../src/process/native/confine-program.ts';
import { probeConfinement } from '../../../src/process/probe/confinement-probe.ts';
import { type ConfinementAbilities, layersOf } from '../../../src/process/confine/layers.ts';
import { requireProgram } from '../../../src/process/program.ts';
import { supervise } from '../../../src/process/supervise.ts';
import { QmpClient } from '../../../src/qmp/index.ts';
import { Scope } from '../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

const NOBODY = 65534;
const AWKWARD = 'a b,c:d="e"';
const abilities = await probeConfinement();
const qemu = await probeQemu(requireProgram('qemu-system-x86_64'), undefined);
const isRoot = process.getuid?.() === 0;

let scope: Scope;
/** The user’s home, with a secret file. */
let home: string;
let secret: string;
/** The machine's own directory. */
let own: string;
/** The directory of its image. */
let images: string;
let image: string;

beforeEach(() => {
  scope = new Scope();
  const made = makeTemporaryDirectory();
  home = made.path;
  scope.defer(made.remove);
  [own, images] = [join(home, `own ${AWKWARD}`), join(home, `images ${AWKWARD}`)];
  [secret, image] = [join(home, 'secret.raw'), join(images, 'boot.raw')];
  for (const directory of [own, images]) mkdirSync(directory, { mode: 0o700 });
  writeFileSync(secret, Buffer.alloc(1024 * 1024));
  writeFileSync(join(own, 'disk.raw'), Buffer.alloc(1024 * 1024));
  writeFileSync(image, bootSectors.hang);
});

afterEach(async () => scope.close());

const none = { usable: false, reason: 'left out' } as const;
const SETS: Readonly<Record<string, ConfinementAbilities>> = {
  'every layer': abilities,
  Landlock: { ...abilities, namespaces: { mount: none, net: none, ipc: none, uts: none } },
  namespaces: { ...abilities, landlock: none },
};
const REFUSED = /Permission denied|No such file or directory|Read-only file system/;

/** A guest that runs its boot sector from `image`, with QEMU under confinement as root or as an ordinary user. */
async function startConfined(
  user: 'myself' | 'nobody',
  set: ConfinementAbilities,
): Promise<{ qmp: QmpClient; firstWords: string }> {
  const layers = layersOf({ connects: 'anywhere', longestFile: undefined }, set);
  const resolver = resolverOf(layers);
  const confinement = confine(
    confineQemu(qemu, { readOnly: [image], readWrite: [], own: [own], kvm: false, resolver }),
    layers,
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
  const asNobody = ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
  const descriptors = ['pipe', 'pipe'] as const;
  const child =
    user === 'myself'
      ? supervise(argv as [string, ...string[]], { environment: {}, descriptors, confinement }, scope)
      : supervise(
          [
            requireProgram('setpriv'),
            ...asNobody.slice(1),
            confineForNobody(),
            ...confinement,
            '--',
            ...argv,
          ],
          { environment: {}, descriptors },
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

/** A copy of the program that an ordinary user cannot reach. */
function confineForNobody(): string {
  const copy = join(home, 'vmlet-confine');
  copyFileSync(confineProgram(), copy);
  chmodSync(copy, 0o755);
  chownSync(copy, NOBODY, NOBODY);
  return copy;
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

const cases = Object.keys(SETS).flatMap((layers) => [
  { layers, user: 'myself' as const, skip: false },
  { layers, user: 'nobody' as const, skip: !isRoot },
]);

describe.each(cases)('QEMU within $layers, as $user', ({ layers, user, skip }) => {
  it.skipIf(skip)('boots, opens its own files and is denied everything else', async () => {
    if (user === 'nobody') {
      for (const path of [home, own, images, secret, image, join(own, 'disk.raw')]) {
        chownSync(path, NOBODY, NOBODY);
      }
    }
    chmodSync(home, 0o700);
    const { qmp, firstWords } = await startConfined(user, SETS[layers]!);
    expect(firstWords).toContain('up');

    await expect(addFile(qmp, secret, true)).resolves.toMatch(REFUSED);
    await expect(addFile(qmp, '/etc/passwd', true)).resolves.toMatch(REFUSED);
    await expect(addFile(qmp, image, false)).resolves.toMatch(REFUSED);
    await expect(addFile(qmp, image, true)).resolves.toBe('opened');
    await expect(addFile(qmp, join(own, 'disk.raw'), false)).resolves.toBe('opened');

    const outside = join(home, 'made-outside');
    await expect(addChardev(qmp, outside)).resolves.toMatch(REFUSED);
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

describe.each(Object.keys(SETS))('a program within %s', (layers) => {
  async function runShell(script: string, longestFile?: number): Promise<number | undefined> {
    const { execute, ...files } = confineQemu(qemu, {
      readOnly: [],
      readWrite: [],
      own: [own],
      kvm: false,
      resolver: [],
    });
    const child = supervise(
      ['/bin/sh', '-c', script],
      {
        environment: {},
        cwd: own,
        confinement: confine(
          { ...files, execute: ['/bin/sh', ...execute] },
          layersOf({ connects: 'nowhere', longestFile }, SETS[layers]!),
        ),
      },
      scope,
    );
    return (await child.exited).exitCode;
  }

  it('cannot execute files that it was not given', async () => {
    // There is no such file, or it may not be executed.
    expect([126, 127]).toContain(await runShell('exec /usr/bin/id'));
  });

  it('cannot execute files that it creates', async () => {
    expect(await runShell('echo exit 7 > tool')).toBe(0);
    chmodSync(join(own, 'tool'), 0o755);
    expect(await runShell('exec ./tool')).toBe(126);
  });

  it('creates, reads and removes files in its own directory', async () => {
    expect(await runShell('echo 1 > file && read x < file && test "$x" = 1 && echo 2 >> file')).toBe(0);
  });

  it('cannot write a file beyond the limit', async () => {
    expect(await runShell('echo 1234567 > file', 8)).toBe(0);
    expect(await runShell('echo 8 >> file', 8)).not.toBe(0);
    expect(statSync(join(own, 'file')).size).toBe(8);
  });
});

describe('paths with symbolic links', () => {
  it('resolve to the intended files', async () => {
    symlinkSync('images-by-another-name', join(home, 'a link'));
    symlinkSync(images, join(home, 'images-by-another-name'));
    const path = join(home, 'a link', 'boot.raw');
    const confinement = confine(
      {
        ...confineQemu(qemu, { readOnly: [path], readWrite: [], own: [], kvm: false, resolver: [] }),
        execute: ['/bin/sh', '/lib64/ld-linux-x86-64.so.2'],
      },
      layersOf({ connects: 'nowhere', longestFile: undefined }, abilities),
    );
    const child = supervise(
      ['/bin/sh', '-c', 'test -r "$1" && ! test -e "$2"', 'sh', path, join(home, 'secret.raw')],
      { environment: {}, confinement },
      scope,
    );
    expect((await child.exited).exitCode).toBe(0);
  });
});

describe('the probed features of a host', () => {
  it('are reported with the reasons why any are missing', async () => {
    const program = join(home, 'vmlet-confine');
    const words =
      '{"landlock":{"abi":0,"reason":"old"},"seccomp":true,"user":"no","mount":"no","net":"no","ipc":true,"uts":true}';
    writeFileSync(program, `#!/bin/sh\necho '${words}'\n`, { mode: 0o755 });
    const no = { usable: false, reason: 'no' };
    expect(await probeConfinement(undefined, program)).toEqual({
      landlock: { usable: false, reason: 'old' },
      seccomp: { usable: true },
      namespaces: { mount: no, net: no, ipc: { usable: true }, uts: { usable: true } },
    });
  });
});
