import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram } from '../../../src/process/program.ts';
import { type RunResult, run } from '../../../src/process/run.ts';
import { Scope } from '../../../src/util/scope.ts';
import { negotiate, startQemu } from './qemu.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

const program = new URL('../../../fixtures/qmp/qmp-command.ts', import.meta.url).pathname;

const typist = new URL('../../../fixtures/qmp/type-at-terminal.mjs', import.meta.url).pathname;

let scope: Scope;
let directory: string;
let path: string;
beforeEach(async () => {
  scope = new Scope();
  const made = makeTemporaryDirectory();
  directory = made.path;
  scope.defer(made.remove);
  path = join(directory, 'qmp');
  const qemu = startQemu('-qmp', `unix:${path},server=on,wait=off`);
  scope.defer(async () => qemu.scope.close());
  await negotiate(qemu);
});
afterEach(async () => scope.close());

async function qmp(args: readonly string[], input = ''): Promise<RunResult> {
  return run([process.execPath, '--import', 'tsx', program, ...args], {
    input,
    acceptedExitCodes: [0, 1],
    timeoutMs: 60_000,
    environment: { PATH: process.env['PATH'] ?? '', HOME: directory, TERM: 'xterm' },
  });
}

test('a command prints its reply, on request as one line of JSON', async () => {
  const plain = await qmp([path, 'query-status']);
  expect(JSON.parse(plain.stdout.toString())).toMatchObject({ running: false, status: 'prelaunch' });
  const json = await qmp([path, '--json', 'blockdev-add', 'driver=null-co', 'node-name=1x']);
  expect(json.exitCode).toBe(1);
  expect(json.stdout.toString()).toBe(
    `{"error":{"class":"GenericError","desc":"Invalid node-name: '1x'"}}\n`,
  );
  const refused = await qmp([path, 'no-such-command']);
  expect(refused).toMatchObject({ exitCode: 1, stdout: Buffer.alloc(0) });
  expect(refused.stderr).toContain('no-such-command');
});

test('reads lines, prints a JSON object a line with events in order, and exits with 1 if a command failed', async () => {
  const lines = ['# a comment', 'cont', '', 'stop', '{"execute": "query-status"}', 'nonsense', 'quit'];
  const { exitCode, stdout } = await qmp([path], lines.join('\n'));
  expect(exitCode).toBe(1);
  const output = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const kinds = output.map((one) => one['event'] ?? Object.keys(one)[0]);
  expect(kinds.filter((kind) => kind === 'return')).toHaveLength(4);
  for (const kind of ['RESUME', 'STOP', 'SHUTDOWN', 'error']) expect(kinds).toContain(kind);
});

test('TypeScript types are printed for a binary', async () => {
  const { stdout } = await qmp(['types', '--qemu', 'qemu-system-x86_64']);
  expect(stdout.toString()).toContain('export interface QmpCommands {');
});

test.skipIf(findProgram('script') === undefined)(
  'on a terminal it prompts, completes, answers and shows events',
  async () => {
    const command = [process.execPath, '--import', 'tsx', program, path].join(' ');
    const steps = [
      ...['(qmp) ', 'query-statu', 'query-statu', '\t', 's ', '\r'],
      ...['(qmp) ', 'cont\r', '{}', 'help device_del\r'],
      ...['(qmp) ', 'blockdev-del n', 'del n', '\t', 'ode-name=', 'x\r'],
      ...['(qmp) ', 'quit\r'],
    ];
    const { stdout } = await run([process.execPath, typist, command, ...steps], {
      timeoutMs: 60_000,
      environment: { PATH: process.env['PATH'] ?? '', HOME: directory, TERM: 'xterm' },
    });
    const screen = stdout.toString();
    expect(screen).toContain('(qmp) ');
    expect(screen).toContain('"status": "prelaunch"');
    expect(screen).toContain('"event":"RESUME"');
    expect(screen).toContain('  id: string');
    expect(screen).toContain('blockdev-del failed');
    const history = await readFile(join(directory, '.local/state/vmlet/qmp-history'), 'utf8');
    expect(history.split('\n').slice(0, 2)).toEqual(['query-status', 'cont']);
  },
);
