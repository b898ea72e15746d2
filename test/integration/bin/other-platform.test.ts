import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTemporaryDirectory } from '../../directory.ts';

const root = join(import.meta.dirname, '../../..');
const REFUSAL = (kind: string) =>
  `vmlet requires Linux on x86-64 (linux x64), but this Node.js is for ${kind}`;

function on(kind: string, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', join(root, 'fixtures/host/other-platform.mjs'), ...words],
    { encoding: 'utf8', env: { ...process.env, OTHER_PLATFORM: kind } },
  );
  return { status, stdout, stderr };
}

it('npm rejects other platforms', () => {
  const { os, cpu } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect({ os, cpu }).toEqual({ os: ['linux'], cpu: ['x64'] });
});

it.each(['linux arm64', 'darwin arm64', 'win32 x64'])(
  'every command reports in one sentence which platforms are supported: %s',
  (kind) => {
    for (const words of [['run', 'micro', '--', 'true'], ['ls'], ['doctor', '--json'], ['--help'], []]) {
      expect(on(kind, join(root, 'dist/bin/vmlet.js'), ...words)).toEqual({
        status: 125,
        stdout: '',
        stderr: `vmlet: ${REFUSAL(kind)}\n`,
      });
    }
  },
);

it('the library rejects with a code', () => {
  const { path, remove } = makeTemporaryDirectory();
  const [library, store] = ['dist/index.js', 'dist/machines/index.js'].map((file) =>
    JSON.stringify(join(root, file)),
  );
  const base = JSON.stringify({ XDG_DATA_HOME: path, XDG_STATE_HOME: path, XDG_RUNTIME_DIR: path });
  const script = `
    import { createTemplate, dryRun, examineHost, launch } from ${library};
    import { MachineStore } from ${store};
    const store = new MachineStore(${base});
    const kind = { platform: process.platform, arch: process.arch };
    const become = ({ platform, arch }) =>
      Object.defineProperties(process, { platform: { value: platform }, arch: { value: arch } });
    become({ platform: 'linux', arch: 'x64' });
    const machine = await store.create({ name: 'made', image: 'micro', net: 'none' });
    become(kind);
    const create = async () => store.create({ name: 'another', image: 'micro', net: 'none' });
    for (const act of [launch, dryRun, createTemplate, examineHost, create, async () => machine.start()]) {
      await act().catch(({ code, message, platform, architecture }) =>
        console.log([code, message, platform, architecture].join('|')));
    }`;
  try {
    const { stdout, stderr } = on('linux arm64', '--input-type=module', '--eval', script);
    const line = `VMLET_UNSUPPORTED_HOST|${REFUSAL('linux arm64')}|linux|arm64\n`;
    expect({ stdout, stderr }).toEqual({ stdout: line.repeat(6), stderr: '' });
  } finally {
    remove();
  }
});
