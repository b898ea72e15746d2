import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STRANGER } from '../../../hardening/user.ts';
import { type Started, start } from '../../command.ts';
import { fetchChecked } from '../../../integration/cli/server/openapi.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';

/** Something that another user tries: a request, a connection, or a path. */
type Attempt =
  | { readonly url: string; readonly method?: string; readonly headers?: object; readonly body?: string }
  | { readonly upgrade: string; readonly headers: object }
  | { readonly socket: string }
  | { readonly read: string }
  | { readonly list: string };

/**
 * Runs as the other user: reads attempts from its input, and prints the outcome of each, a status of HTTP, the contents of
 * a file or the code of an error. It imports nothing of the checkout, which the other user may not be allowed to read.
 */
const SCRIPT = `
import { readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
const answer = (options, body) => new Promise((resolve, reject) => {
  const asked = request(options.url, { ...options, agent: false });
  asked.once('error', reject);
  asked.once('upgrade', (response, connection) => { connection.destroy(); resolve(101); });
  asked.once('response', (response) => { response.resume(); resolve(response.statusCode); });
  asked.end(body);
});
const attempt = async (one) => {
  if ('url' in one) return answer(one, one.body);
  if ('upgrade' in one) {
    const key = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
    return answer({ url: one.upgrade, headers: { ...key, ...one.headers } });
  }
  if ('socket' in one) return new Promise((resolve, reject) => {
    connect(one.socket).once('error', reject).once('connect', function () { this.destroy(); resolve('connected'); });
  });
  return 'read' in one ? readFileSync(one.read, 'utf8') : readdirSync(one.list);
};
const outcomes = [];
for (const one of JSON.parse(readFileSync(0, 'utf8'))) {
  outcomes.push(await attempt(one).catch(({ code, message }) => code ?? message));
}
console.log(JSON.stringify(outcomes));
`;

async function asStranger(attempts: readonly Attempt[]): Promise<unknown[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    ...STRANGER,
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const closed = new Promise((resolve) => child.once('close', resolve));
  // Not in its command line, which everyone may read.
  child.stdin.end(JSON.stringify(attempts));
  expect(await closed).toBe(0);
  return JSON.parse(text) as unknown[];
}

// Only root can act for another user.
describe.skipIf(process.getuid?.() !== 0)('a second user of this host', () => {
  let home: Home;
  let ui: Started | undefined;
  let viaSocket: Started | undefined;
  let browser: number | undefined;
  /** The file with which the browser was opened. */
  let opened: string;
  let origin: string;
  let token: string;

  const pidOf = (started: Started | undefined): number => started?.process.pid ?? 0;
  const tokenFile = async (started: Started): Promise<string> =>
    until(() => /access token for the HTTP API: (.*)\n/.exec(started.stderr())?.[1]);

  beforeAll(async () => {
    home = await makeHome();
    // The other user may enter the parents of all directories of vmlet.
    for (const path of [home.path, join(home.path, 'run')]) chmodSync(path, 0o755);
    const programs = join(home.path, 'programs');
    mkdirSync(programs);
    const record = join(home.path, 'opened');
    // A browser that keeps the file in its command line.
    writeFileSync(
      join(programs, 'xdg-open'),
      `#!/bin/sh\necho "$$ $1" >${record}.new\nmv ${record}.new ${record}\nexec tail -f "$1" >/dev/null\n`,
      { mode: 0o755 },
    );
    ui = start(['ui'], {
      env: { ...home.environment, PATH: `${programs}:${process.env['PATH'] ?? ''}` },
    });
    viaSocket = home.start(['ui', '--socket', join(home.path, 'sockets/ui.sock')]);
    await until(() => existsSync(record));
    const [pid = '', file = ''] = readFileSync(record, 'utf8').trim().split(' ');
    browser = Number(pid);
    opened = file;
    await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('tail'));
    const [, address = ''] = /url=([^"]+)"/.exec(readFileSync(opened, 'utf8')) ?? [];
    ({ origin } = new URL(address));
    token = new URL(address).hash.replace('#token=', '');
    expect(token).toHaveLength(32);
  });
  afterAll(async () => {
    if (browser !== undefined) process.kill(browser, 'SIGKILL');
    for (const started of [ui, viaSocket]) {
      started?.process.kill('SIGINT');
      await started?.finished;
    }
    await home.close();
  });

  test('reads no file of the server, and no token in a command line', async () => {
    const files = [opened, await tokenFile(ui!), await tokenFile(viaSocket!)];
    const control = join(home.path, 'run/control');
    writeFileSync(control, 'open to all', { mode: 0o644 });
    expect(await asStranger([{ read: control }])).toEqual(['open to all']);
    const paths = files.flatMap((path) => [{ read: path }, { list: dirname(path) }]);
    expect(await asStranger(paths)).toEqual(paths.map(() => 'EACCES'));
    // The files are closed by themselves, too.
    const directories = files.flatMap((path) => [dirname(dirname(path)), dirname(path)]);
    for (const path of directories) chmodSync(path, 0o755);
    expect(await asStranger(files.map((path) => ({ read: path })))).toEqual(files.map(() => 'EACCES'));
    for (const path of directories) chmodSync(path, 0o700);
    const processes = [pidOf(ui), pidOf(viaSocket), browser ?? 0];
    const environments = processes.flatMap((pid) => [
      { read: `/proc/${pid}/environ` },
      { list: `/proc/${pid}/fd` },
    ]);
    expect(await asStranger(environments)).toEqual(environments.map(() => 'EACCES'));
    const commandLines = await asStranger(processes.map((pid) => ({ read: `/proc/${pid}/cmdline` })));
    expect(commandLines).toEqual([
      expect.stringMatching(/\0ui\0$/),
      expect.stringMatching(/\0ui\0--socket\0/),
      `tail\0-f\0${opened}\0`,
    ]);
    const secrets = [token, ...files.slice(1).map((path) => readFileSync(path, 'utf8').trim())];
    for (const secret of secrets) {
      expect(secret).toMatch(/^[\w-]{32}$/);
      expect(String(commandLines)).not.toContain(secret);
    }
  });

  test('cannot connect to the unix socket', async () => {
    const path = join(home.path, 'sockets/ui.sock');
    await until(() => existsSync(path));
    const attempts = [{ socket: path }, { list: dirname(path) }];
    expect(await asStranger(attempts)).toEqual(['EACCES', 'EACCES']);
    // The socket is closed by itself, too.
    chmodSync(dirname(path), 0o755);
    expect(await asStranger(attempts)).toEqual(['EACCES', ['ui.sock']]);
    chmodSync(dirname(path), 0o700);
  });

  test('gets nothing but the page from the port, even with the cookie and the used address', async () => {
    const session = { method: 'POST', headers: { origin, 'content-type': 'application/json' } };
    const exchange = await fetchChecked(`${origin}/v1/session`, {
      ...session,
      body: JSON.stringify({ token }),
    });
    const { secret } = (await exchange.json()) as { secret: string };
    // A server of the other user on another port is sent it by the browser.
    const [cookie = ''] = exchange.headers.get('set-cookie')?.split(';') ?? [];
    const owner = { cookie, 'vmlet-secret': secret };
    expect((await fetchChecked(`${origin}/v1/machines`, { headers: owner })).status).toBe(200);

    const machines = `${origin}/v1/machines`;
    const events = `${origin}/v1/events`;
    const wrong = 'A'.repeat(32);
    const change = { url: `${origin}/v1/session/token`, method: 'POST', body: '{}' };
    const json = { origin, 'content-type': 'application/json' };
    const tried: readonly (readonly [attempt: Attempt, outcome: number])[] = [
      // The port is reached.
      [{ url: `${origin}/` }, 200],
      [{ url: machines }, 401],
      [{ url: machines, headers: { authorization: `Bearer ${wrong}` } }, 401],
      [{ url: machines, headers: { authorization: `Bearer ${token}` } }, 401],
      [{ url: machines, headers: { cookie } }, 401],
      [{ url: machines, headers: { cookie, origin } }, 401],
      [{ url: machines, headers: { cookie, origin, 'vmlet-secret': wrong } }, 401],
      [{ ...change, headers: { ...json, cookie } }, 401],
      [{ ...change, headers: { ...json, cookie, 'vmlet-secret': wrong } }, 401],
      [{ ...change, headers: { 'content-type': 'application/json', authorization: `Bearer ${wrong}` } }, 401],
      [{ upgrade: events, headers: { cookie, origin } }, 401],
      [
        {
          upgrade: events,
          headers: { cookie, origin, 'sec-websocket-protocol': `vmlet, vmlet.secret.${wrong}` },
        },
        401,
      ],
      [{ url: `${origin}/v1/session`, ...session, body: JSON.stringify({ token }) }, 401],
      [{ url: `${origin}/v1/session`, ...session, body: JSON.stringify({ token: wrong }) }, 401],
      // With all of it, it is the user: the attempts above were not refused for another reason.
      [{ url: machines, headers: owner }, 200],
    ];
    const outcomes = await asStranger(tried.map(([attempt]) => attempt));
    expect(outcomes).toEqual(tried.map(([, outcome]) => outcome));
  });
});
