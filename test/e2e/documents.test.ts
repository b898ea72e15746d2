import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { freePort } from '../../src/host/programs/passt-handshake.ts';
import { locate } from '../../src/machine/paths/locations.ts';
import { type CodeBlock, codeBlocks, commandLines, pages } from '../documents.ts';
import { VMLET } from './command.ts';
import { until } from '../until.ts';
import { type Home, makeHome, terminate } from './named/home.ts';
import { whyNoShares } from './virtiofsd.ts';

const root = join(import.meta.dirname, '../..');
const blocks = pages('README.md', 'docs')
  .flatMap(codeBlocks)
  .filter(({ notRun }) => notRun === undefined);
const MARK = '@@ next command @@';
const PATIENCE_MS = 60_000;
let home: Home;
/** The home of a reader who tries one example after the other, most of which run the same guest. */
let reader: Home;
let project: string;
/** Free ports in place of those of the examples. */
const ports = new Map<string, number>();

beforeAll(async () => {
  for (const port of ['8080', '9090']) ports.set(port, await freePort());
  home = await makeHome();
  reader = await makeHome();
  project = join(home.path, 'project');
  const modules = join(project, 'node_modules');
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  symlinkSync(root, join(modules, 'vmlet'));
  for (const name of ['vitest', '@types']) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  const programs = join(home.path, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'vmlet'), `#!/bin/sh\nexec '${process.execPath}' '${VMLET}' "$@"\n`, {
    mode: 0o755,
  });
  for (const block of of('ts')) writeFileSync(fileOf(block), withFreePorts(block.text));
  return async () => {
    await reader.close();
    await home.close();
  };
});

it('has a block of each kind', () => {
  expect(of('console').length).toBeGreaterThan(5);
  expect(of('ts').length).toBeGreaterThan(6);
  expect(of('sh').map(place)).toEqual([]);
});

const examples = of('console').map((block) => [place(block), block] as const);
const shares = ({ text }: CodeBlock): boolean =>
  /-v \S*\/\S*:\/(?!\S*copy)/.test(text) || text.includes('run host');

it.each(examples.filter(([, block]) => !shares(block)))('%s prints that', printsThat);
it.skipIf(whyNoShares !== undefined).each(examples.filter(([, block]) => shares(block)))(
  '%s prints that',
  printsThat,
);

/** Examples of what happens the first time. */
const needsNewHome = ({ page }: CodeBlock): boolean => page === 'docs/kept-guests.md';

async function printsThat(_place: string, block: CodeBlock): Promise<void> {
  const user = needsNewHome(block) ? await makeHome() : reader;
  try {
    const script = commandLines(block).map((line) => `echo '${MARK}'\n${withFreePorts(line)}\n`);
    const { all } = await execa('bash', ['-c', script.join('')], {
      ...environment(user),
      all: true,
      reject: false,
    });
    const printed = all.split(`${MARK}\n`).slice(1);
    for (const [index, { command, output }] of expectedOutputs(block).entries()) {
      expect({ command, output: `${printed[index]?.trimEnd() ?? ''}\n` }).toEqual({
        command,
        output: expect.stringMatching(output) as string,
      });
    }
  } finally {
    await (user === reader ? clear(user) : user.close());
  }
}

/** Leaves of a home only the guests that runs have kept. @throws Error that names the remaining processes, which are killed. */
async function clear(user: Home): Promise<void> {
  await user.removeAll();
  const deadline = Date.now() + PATIENCE_MS;
  await until(() => user.processes().length === 0 || Date.now() > deadline);
  const left = user.processes();
  for (const { pid } of left) terminate(pid, 'SIGKILL');
  const { templates, disks, networks, volumes } = locate(user.environment, user.path, 0);
  for (const folder of [templates, disks, networks, volumes])
    rmSync(folder, { recursive: true, force: true });
  expect(left.map(({ commandLine }) => commandLine)).toEqual([]);
}

it('compiles every block in TypeScript, with the options of docs/library.md', async () => {
  const block = of('json').find(({ page }) => page === 'docs/library.md');
  const documented = JSON.parse(block?.text ?? '') as { compilerOptions: object };
  const compilerOptions = { ...documented.compilerOptions, strict: true, noEmit: true, skipLibCheck: true };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  await execa(join(root, 'node_modules/.bin/tsc'), ['-p', project], environment());
});

it.each(of('ts').map((block) => [place(block), block] as const))('%s runs', async (_place, block) => {
  if (block.text.includes('vmlet/vitest')) {
    const { all } = await execa(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', project, fileOf(block)],
      { ...environment(), all: true },
    );
    expect(all).toMatch(/Tests {2}1 passed/);
  } else {
    await execa(join(root, 'node_modules/.bin/tsx'), [fileOf(block)], environment());
  }
});

function of(language: string): CodeBlock[] {
  return blocks.filter((block) => block.language === language);
}

function place({ page, line }: CodeBlock): string {
  return `${page}:${line}`;
}

function fileOf(block: CodeBlock): string {
  return join(project, `${place(block).replaceAll(/\W/g, '-')}.test.ts`);
}

/** The ports of the examples may be in use on the host of the test. */
function withFreePorts(text: string): string {
  return text.replaceAll(/\b(?:8080|9090)\b/g, (port) => String(ports.get(port)));
}

/** A nested test must not count as a part of this run. */
function environment(user = home): { cwd: string; env: NodeJS.ProcessEnv; extendEnv: false } {
  const outer = Object.entries(user.environment).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$)/.test(name));
  return {
    cwd: project,
    extendEnv: false,
    env: {
      ...Object.fromEntries(outer),
      NO_COLOR: '1',
      VMLET_FRESH: '',
      PATH: `${join(home.path, 'bin')}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    },
  };
}

/** The lines below each command as a pattern, in which `…` stands for any text, and on a line of its own for any lines. */
function expectedOutputs({ text }: CodeBlock): { command: string; output: RegExp }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...lines] = withFreePorts(part).trimEnd().split('\n');
      const pattern = lines.map((line) =>
        line === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escaped).join('.*')} *\\n`,
      );
      return { command, output: new RegExp(`^${lines.length === 0 ? '\\n' : pattern.join('')}$`) };
    });
}

function escaped(text: string): string {
  // The columns of a table are as wide as its longest port.
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ {2,}/g, ' +');
}
