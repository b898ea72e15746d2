import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { pausesOnFailure } from '../../../src/testing/guests/pause-on-failure.ts';
import { temporaryDirectory } from '../../directory.ts';
import { start } from '../../e2e/command.ts';
import { until } from '../../until.ts';
import { Terminal } from '../../e2e/named/terminal.ts';

const directory = temporaryDirectory();
const program = ['--import', 'tsx', join(import.meta.dirname, '../../../fixtures/testing/paused-test.ts')];
const ROOT = join(import.meta.dirname, '../../..');

function image(sector: keyof typeof bootSectors): string {
  const path = join(directory, `${sector}.raw`);
  writeFileSync(path, bootSectors[sector]);
  return path;
}

/** The suggested command, with the built command in place of npx’s. */
function consoleArguments(told: string): string[] {
  const command = /serial console: npx vmlet (.*)$/m.exec(told)?.[1];
  return command?.split(' ') ?? expect.unreachable(told);
}

describe('a test that is paused', () => {
  it('shows how to enter the machine, and ends when its process is interrupted', async () => {
    const child = spawn(
      // A new session has no terminal.
      'setsid',
      ['--wait', process.execPath, ...program, image('echo'), image('powerOff')],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const closed = once(child, 'close');
    let [told, printed] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await until(() => /To continue, .*: kill -INT \d+\n/.test(told));
    const pid = Number(/kill -INT (\d+)/.exec(told)?.[1]);
    onTestFinished(() => {
      if (printed === '') process.kill(pid, 'SIGKILL');
    });
    expect(told).toContain('Paused: a test failed.\n\n  vm0 (');
    const reader = start([...consoleArguments(told), '--read-only']);
    // The machine may still be in its firmware, which does not listen.
    await until(async () => {
      const typist = start(consoleArguments(told), { input: 'heard\u001d' });
      expect((await typist.finished).status).toBe(0);
      return reader.stdout().includes('heard');
    });
    expect(printed).toBe('');
    process.kill(pid, 'SIGINT');
    expect(await closed).toEqual([0, null]);
    expect(printed).toBe('continued\n');
    expect(told).toMatch(/Continuing\.\n$/);
    expect((await reader.finished).stderr).toMatch(
      /^vmlet: disconnected from .*: the shell or the machine has ended/m,
    );
  });

  it('ends at Enter in the terminal, whatever its standard input and output are', async () => {
    using terminal = new Terminal({ path: directory, environment: process.env });
    const command = [process.execPath, ...program, image('hang')].join(' ');
    terminal.run(`sh -c 'cd ${ROOT} && ${command} < /dev/null 2>&1 | cat'`);
    await terminal.shows(/^To continue, press Enter or power off all guests\.$/);
    terminal.press('Enter');
    await terminal.shows(/^continued$/);
    await terminal.shows(/^left with 0$/);
  });

  it('does not pause if no machine is running', async () => {
    const child = spawn('setsid', ['--wait', process.execPath, ...program, image('panic')], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(told).toMatch(/no machine is running|Continuing/);
    expect(told).toMatch(/vm0/);
  });

  it('requires PAUSE_ON_FAIL', () => {
    const wanted = ['1', 'yes', '0', 'false', '', undefined].map((PAUSE_ON_FAIL) =>
      pausesOnFailure({ PAUSE_ON_FAIL }),
    );
    expect(wanted).toEqual([true, true, false, false, false, false]);
  });
});
