import { accessSync, constants, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly run?: string;
  readonly if?: string;
  readonly with?: { readonly path?: string };
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

const root = join(import.meta.dirname, '../../..');
const folder = join(root, '.github');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.yml'),
);

it.each(files)('%s is YAML', (path) => {
  expect(parse(readFileSync(join(folder, path), 'utf8'), { strict: true, uniqueKeys: true })).toBeTypeOf(
    'object',
  );
});

it('runs only scripts that exist and can be executed', () => {
  const commands = files
    .filter((path) => path.startsWith('workflows/'))
    .flatMap((path) => Object.values((parse(readFileSync(join(folder, path), 'utf8')) as Workflow).jobs))
    .flatMap(({ steps }) => steps.flatMap(({ run = '' }) => run.trim().split('\n')))
    .filter((line) => line.startsWith('scripts/'));
  expect(commands.length).toBeGreaterThan(4);
  for (const command of commands) accessSync(join(root, command.split(' ')[0] ?? ''), constants.X_OK);
});

it('keeps the pictures of the page of each test run, passed or failed', () => {
  const { jobs } = parse(readFileSync(join(folder, 'workflows/test.yml'), 'utf8')) as Workflow;
  for (const { steps } of Object.values(jobs)) {
    const kept = steps.filter((step) => step.if === 'always()').map((step) => step.with?.path);
    expect(kept).toContain('test-results/ui');
  }
});
