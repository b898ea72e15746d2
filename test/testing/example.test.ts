import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { locate } from '../../src/machine/paths/locations.ts';
import { temporaryDirectory } from '../directory.ts';
import { unpackPackage } from '../packed-package.ts';

const root = join(import.meta.dirname, '../..');
const directory = temporaryDirectory();

it('the example works when it is copied', { timeout: 900_000 }, async () => {
  const project = join(directory, 'project');
  cpSync(join(root, 'examples/web-service'), project, { recursive: true });
  const modules = join(project, 'node_modules');
  // As npm would install it, with all others.
  await unpackPackage(directory, join(modules, 'vmlet'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  // Images are the host’s; templates belong to the project.
  const data = join(directory, 'data');
  mkdirSync(join(data, 'vmlet'), { recursive: true, mode: 0o700 });
  const { images } = locate(process.env, homedir(), process.getuid?.() ?? 0);
  mkdirSync(images, { recursive: true, mode: 0o700 });
  symlinkSync(images, join(data, 'vmlet/images'));
  // It must not detect that it runs within this run.
  const outer = Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$)/.test(name));
  const run = {
    cwd: project,
    extendEnv: false,
    env: { ...Object.fromEntries(outer), NO_COLOR: '1', XDG_DATA_HOME: data },
    all: true,
  };
  await execa('npm', ['run', 'types'], run);
  const { all } = await execa('npm', ['test'], run);
  expect(all).toMatch(/Tests {2}4 passed \(4\)/);
});
