import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { isSystemError } from '../../../../src/errors/index.ts';
import { launch } from '../../../../src/index.ts';
import { start } from '../../command.ts';
import { awaitedLater, until } from '../../../until.ts';
import { findPesto } from '../../probed-host.ts';
import { type Home, makeHome } from '../home.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** Below the kernel’s range of ephemeral ports. */
const BASE = 20_000 + (process.pid % 1000) * 10;
const BIG = 30 * 1024 * 1024;
const SERVE =
  `mkdir -p /tmp/www && echo served > /tmp/www/index.html && truncate -s ${BIG} /tmp/www/big && ` +
  'httpd -h /tmp/www -p 80 && httpd -h /tmp/www -p 81';

const PESTO = await findPesto();

let home: Home;
const sockets = new Set<Socket>();

beforeAll(async () => {
  home = await makeHome();
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await home.removeAll();
});
afterAll(async () => home.close());

const at = (name: string): string => join(home.path, name);

async function vmlet(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  expect(status, `vmlet ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

async function refusal(...args: string[]): Promise<string> {
  const { status, stderr } = await home.vmlet(...args);
  expect(status).toBe(125);
  return stderr;
}

async function serving(name: string, ...flags: string[]): Promise<void> {
  await vmlet('create', name, '--image', 'micro', ...flags, '--start');
  await vmlet('exec', name, '--', 'sh', '-c', SERVE);
}

async function dial(target: string | number): Promise<Socket> {
  const socket = typeof target === 'string' ? connect(target) : connect(target, '127.0.0.1');
  sockets.add(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The whole answer; empty when no server answers. */
async function ask(target: string | number, words = 'GET / HTTP/1.0\r\n\r\n'): Promise<string> {
  const socket = await dial(target);
  socket.end(words);
  try {
    return await text(socket);
  } catch (error) {
    if (isSystemError(error, 'ECONNRESET', 'EPIPE')) return '';
    throw error;
  }
}

/** The file of a socket exists a moment before its process listens. */
async function askSoon(path: string): Promise<string> {
  try {
    return await ask(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ECONNREFUSED')) return '';
    throw error;
  }
}

it('a socket leads to a machine without a network, while it runs and no longer', async () => {
  const path = at('web.sock');
  await serving('web', '--net', 'none', '-p', `${path}:80`);
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  expect(await ask(path)).toContain('served');
  expect(await vmlet('port', 'web')).toMatch(new RegExp(`^${path} +80/tcp$`, 'm'));
  const forward = { path, guestPort: 80 };
  expect(JSON.parse(await vmlet('port', 'web', '--json'))).toEqual({
    version: 1,
    ports: [],
    sockets: [forward],
  });
  expect(JSON.parse(await vmlet('ls', '--json'))).toMatchObject({ machines: [{ sockets: [forward] }] });
  expect(JSON.parse(await vmlet('inspect', 'web'))).toMatchObject({ machines: [{ sockets: [forward] }] });
  // Nothing but the keeper and a relay serves it.
  const programs = home.processes().map(({ program }) => program);
  expect(programs.filter((program) => /^vmlet-(?!web)/.test(program)).sort()).toEqual([
    'vmlet-keeper',
    'vmlet-relay',
  ]);
  // An idle relay ends, and the next client gets another.
  await until(() => home.processes().every(({ program }) => program !== 'vmlet-relay'));
  expect(await ask(path)).toContain('served');
  await vmlet('kill', 'web');
  expect(existsSync(path)).toBe(false);
  await vmlet('start', 'web');
  await vmlet('exec', 'web', '--', 'sh', '-c', SERVE);
  expect(await ask(path)).toContain('served');
  // A killed keeper cannot remove it; the next start does.
  const keeper = home.processes().find(({ program }) => program === 'vmlet-keeper');
  process.kill(keeper?.pid ?? NaN, 'SIGKILL');
  await until(() => home.processes().length === 0);
  expect(existsSync(path)).toBe(true);
  await vmlet('start', 'web');
  await vmlet('exec', 'web', '--', 'sh', '-c', SERVE);
  expect(await ask(path)).toContain('served');
});

it('other files and sockets in use are left alone, and the start fails', async () => {
  const [file, path] = [at('file'), at('one.sock')];
  writeFileSync(file, 'kept');
  await vmlet('create', 'one', '--image', 'micro', '-p', `${path}:80`, '--start');
  await vmlet('create', 'two', '--image', 'micro', '-p', `${file}:80`);
  expect(await refusal('start', 'two')).toContain(`file already exists: ${file}`);
  expect(readFileSync(file, 'utf8')).toBe('kept');
  expect(await refusal('port', 'add', 'one', `${path}:81`)).toContain(
    'machine "one" already forwards the socket',
  );
  await vmlet('port', 'rm', 'two', file);
  await vmlet('port', 'add', 'two', `${path}:80`);
  expect(await refusal('start', 'two')).toContain(`another process listens on ${path}`);
  expect(await refusal('port', 'add', 'one', `${at('none')}/web.sock:80`)).toContain('no such directory');
  expect(await refusal('port', 'add', 'one', 'web.sock:80')).toContain('web.sock');
  expect(await refusal('port', 'add', 'one', './web.sock:80')).toContain('is not an absolute path');
  expect(await refusal('port', 'add', 'one', `${at('x'.repeat(108))}:80`)).toContain(
    'is too long for a socket',
  );
});

it('a socket of an interrupted addition is removed, by any spelling of its path', async () => {
  await vmlet('create', 'web', '--image', 'micro', '--net', 'none', '--start');
  const [one, two] = [at('one.sock'), at('two.sock')];
  const { spec } = home.store.get('web').files;
  const before = readFileSync(spec);
  await vmlet('port', 'add', 'web', `${one}:80`);
  writeFileSync(spec, before);
  await vmlet('port', 'rm', 'web', one);
  expect(existsSync(one)).toBe(false);
  await vmlet('port', 'add', 'web', `${one}:80`, `${two}:80`);
  await vmlet('port', 'rm', 'web', `${home.path}//one.sock`);
  await vmlet('port', 'rm', 'web', `${home.path}/.//two.sock:80/tcp`);
  expect([existsSync(one), existsSync(two)]).toEqual([false, false]);
  await vmlet('port', 'add', 'web', `${one}:80`);
  writeFileSync(spec, before);
  await vmlet('port', 'rm', 'web', '--all');
  expect(existsSync(one)).toBe(false);
});

it('an open download through an old forward survives port add and rm', async () => {
  await serving('web', '-p', `${BASE}:81`);
  const download = await dial(BASE);
  download.pause();
  download.write('GET /big HTTP/1.0\r\n\r\n');
  await vmlet('port', 'add', 'web', `${BASE + 1}:80`, `${at('live.sock')}:80`);
  expect(await ask(BASE + 1)).toContain('served');
  expect(await ask(at('live.sock'))).toContain('served');
  // Connections through the agent's forward end with it, and no others do.
  const usesAgent = !(await vmlet('inspect', 'web')).includes('"backend": "slirp"') && PESTO === undefined;
  const other = await dial(BASE + 1);
  const reset = usesAgent ? awaitedLater(once(other, 'error')) : undefined;
  await vmlet('port', 'rm', 'web', String(BASE + 1));
  if (reset) expect(await reset).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  expect(await ask(at('live.sock'))).toContain('served');
  await vmlet('port', 'rm', 'web', at('live.sock'));
  expect(existsSync(at('live.sock'))).toBe(false);
  expect((await text(download)).length).toBeGreaterThan(BIG);

  // After the next start, everything is passt's.
  await vmlet('port', 'add', 'web', `${BASE + 2}:80`);
  await vmlet('restart', 'web');
  await vmlet('exec', 'web', '--', 'sh', '-c', SERVE);
  expect(await ask(BASE + 2)).toContain('served');
  expect(home.processes().filter(({ program }) => program === 'vmlet-relay')).toEqual([]);
});

it('vmlet run and launch serve a socket as long as their guest runs', async () => {
  const path = at('run.sock');
  const run = start(['run', '--net', 'none', '-p', `${path}:80`, 'micro', '--', 'httpd', '-f', '-h', '/'], {
    env: home.environment,
  });
  await until(async () => (await askSoon(path)).includes('404'));
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  run.process.kill('SIGINT');
  await run.finished;
  expect(existsSync(path)).toBe(false);

  await using machine = await launch({ net: 'none', ports: [`${path}:7`] });
  expect(machine.sockets).toEqual([{ path, guestPort: 7 }]);
  const server = machine.exec(['nc', '-l', '-p', '7', '-e', 'cat']);
  server.catch(() => undefined);
  expect(await until(async () => (await ask(path, 'there and back')) || undefined)).toBe('there and back');
  await machine.kill();
  expect(existsSync(path)).toBe(false);
});
