import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Started, VMLET, start } from '../../command.ts';
import { fetchChecked } from '../../../integration/cli/server/openapi.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';
import { Terminal } from '../terminal.ts';

describe('vmlet ui', () => {
  let home: Home;
  beforeAll(async () => {
    home = await makeHome();
  });
  afterAll(async () => home.close());

  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  async function tokenFileOf(started: Started): Promise<string> {
    return until(() => /access token for the HTTP API: (.*)\n/.exec(started.stderr())?.[1]);
  }

  async function ended(started: Started, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    started.process.kill(signal);
    expect(await started.finished).toMatchObject({ status: 0, signal: undefined });
  }

  test('prints an address that works once, and ends with Ctrl-C', async () => {
    const started = home.start(['ui', '--no-open']);
    const address = await until(() => /^http:\S+(?=\n)/.exec(started.stdout())?.[0]);
    const { origin, hash } = new URL(address);
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const exchange = async (): Promise<Response> =>
      fetchChecked(`${origin}/v1/session`, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: JSON.stringify({ token: hash.replace('#token=', '') }),
      });
    expect((await exchange()).status).toBe(200);
    expect((await exchange()).status).toBe(401);
    const file = await tokenFileOf(started);
    expect([modeOf(file), modeOf(dirname(file))]).toEqual([0o600, 0o700]);
    const bearer = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` };
    expect(await (await fetchChecked(`${origin}/v1/machines`, { headers: bearer })).json()).toEqual({
      version: 1,
      machines: [],
    });
    await ended(started);
    expect(existsSync(dirname(file))).toBe(false);
  });

  test('opens the browser by a file, so that no other user reads the address', async () => {
    const programs = join(home.path, 'programs');
    mkdirSync(programs);
    const record = join(home.path, 'opened');
    writeFileSync(
      join(programs, 'xdg-open'),
      `#!/bin/sh\nprintf '%s\\n' "$@" >${record}.new\nmv ${record}.new ${record}\n`,
    );
    chmodSync(join(programs, 'xdg-open'), 0o755);
    const started = start(['ui'], {
      env: { ...home.environment, PATH: `${programs}:${process.env['PATH'] ?? ''}` },
    });
    await until(() => existsSync(record));
    const words = readFileSync(record, 'utf8').trimEnd().split('\n');
    expect(words).toHaveLength(1);
    const [file = ''] = words;
    expect(file).not.toContain('token');
    expect([modeOf(file), modeOf(dirname(file))]).toEqual([0o600, 0o700]);
    expect(readFileSync(file, 'utf8')).toMatch(/content="0;url=http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}"/);
    expect(started.stdout()).toBe('');
    expect(started.stderr()).not.toMatch(/token=/);
    await ended(started, 'SIGTERM');
    expect(existsSync(file)).toBe(false);
  });

  test('prints the address when no browser can be opened', async () => {
    const started = start(['ui'], { env: { ...home.environment, PATH: '/nonexistent' } });
    await until(() => /^http:\S+\n/.test(started.stdout()));
    await until(() => started.stderr().includes('cannot open the browser: xdg-open is not installed'));
    await ended(started);
  });

  test('is not stopped in the background of a terminal, whose keys are not its own', async () => {
    using terminal = new Terminal(home);
    terminal.run(`sh -mc '${process.execPath} ${VMLET} ui --no-open --idle 200ms & wait'`);
    await terminal.shows(/exiting: no page has been open for 200ms/);
    expect(terminal.lines().join('\n')).not.toContain('press Enter');
  });

  test('ends when no page has been open for a while', async () => {
    const { status, stderr } = await home.vmlet('ui', '--no-open', '--idle', '200ms');
    expect(status).toBe(0);
    expect(stderr).toContain('exiting: no page has been open for 200ms');
  });

  test('listens on a unix socket, in a directory of this user alone', async () => {
    const directory = join(home.path, 'sockets');
    const path = join(directory, 'ui.sock');
    const started = home.start(['ui', '--socket', path]);
    await until(() => started.stderr().includes(`ssh -L 8080:${path} HOST`));
    expect([modeOf(path), modeOf(directory)]).toEqual([0o600, 0o700]);
    await until(() => started.stdout().endsWith('\n'));
    expect(started.stdout()).toMatch(/^http:\/\/localhost:8080\/#token=[\w-]{32}\n$/);
    const second = await home.vmlet('ui', '--socket', path);
    expect(second).toMatchObject({
      status: 125,
      stderr: expect.stringContaining(`another process listens on ${path}`) as string,
    });
    started.process.kill('SIGKILL');
    await started.finished;
    expect(existsSync(path)).toBe(true);
    // Leftovers of a killed server do not interfere.
    const again = home.start(['ui', '--socket', path]);
    await until(() => /^http/.test(again.stdout()));
    await ended(again);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(join(home.path, 'run/vmlet'))).toEqual([]);
    chmodSync(directory, 0o755);
    const open = await home.vmlet('ui', '--socket', path);
    expect(open).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('is not a private directory') as string,
    });
    writeFileSync(join(home.path, 'run/file'), '');
    const taken = await home.vmlet('ui', '--socket', join(home.path, 'run/file'));
    expect(taken).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('file already exists: ') as string,
    });
  });
});
