import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { type Started } from '../../command.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const SERVE = 'mkdir -p /tmp/www && hostname > /tmp/www/index.html && httpd -h /tmp/www -p 8080';

interface Proxy {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly curlConfig: string;
}

let home: Home, started: Started, proxy: Proxy;

beforeAll(async () => {
  home = await makeHome();
  await vmlet('network', 'create', 'lan');
  await vmlet('create', 'web', '--image', 'micro', '--net', 'none', '--start');
  await vmlet('exec', 'web', '--', 'sh', '-c', SERVE);
  await vmlet('create', 'db', '--image', 'micro', '--network', 'lan:alias=primary');
});
afterEach(async () => {
  started.process.kill('SIGINT');
  await started.finished;
});
afterAll(async () => home.close());

async function vmlet(...args: string[]): Promise<void> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  expect(status, `vmlet ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
}

async function serve(...flags: string[]): Promise<void> {
  started = home.start(['proxy', '--json', ...flags]);
  await until(() => started.stdout().endsWith('}\n'));
  proxy = (JSON.parse(started.stdout()) as { proxy: Proxy }).proxy;
}

const authorization = (): string =>
  `Basic ${Buffer.from(`${proxy.user}:${proxy.password}`).toString('base64')}`;

async function get(
  path: string,
  { body, ...options }: RequestOptions & { readonly body?: string } = {},
): Promise<{ status: number; body: string; headers: IncomingMessage['headers'] }> {
  const sent = request({
    host: '127.0.0.1',
    port: proxy.port,
    path,
    headers: { 'Proxy-Authorization': authorization() },
    ...options,
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await text(answer), headers: answer.headers };
}

async function tunnel(authority: string): Promise<{ status: number; socket: Socket }> {
  const sent = request({
    host: '127.0.0.1',
    port: proxy.port,
    method: 'CONNECT',
    path: authority,
    headers: { 'Proxy-Authorization': authorization() },
  });
  sent.end();
  const [answer, socket] = (await once(sent, 'connect')) as [IncomingMessage, Socket];
  return { status: answer.statusCode ?? 0, socket };
}

it('leads to every port of a running machine, by requests and by tunnels', async () => {
  await serve();
  expect(await get('http://web.vmlet.localhost:8080/')).toMatchObject({ status: 200, body: 'web\n' });
  expect((await get('http://web.vmlet.localhost:8080/none')).status).toBe(404);
  const { status, socket } = await tunnel('web.vmlet.localhost:8080');
  expect(status).toBe(200);
  socket.write('GET / HTTP/1.0\r\n\r\n');
  expect(await text(socket)).toContain('\r\nweb\n');
  // The secret stays here: the guest sees neither it nor the name of the proxy.
  await vmlet(
    'exec',
    'web',
    '--',
    'sh',
    '-c',
    '(setsid nc -l -p 9 -e dd of=/tmp/seen bs=4096 count=1 < /dev/null > /dev/null 2>&1 &) ; until netstat -ln | grep -q ":9 "; do usleep 10000; done',
  );
  const cut = get('http://web.vmlet.localhost:9/path?query', { method: 'POST', body: 'the body' });
  expect((await cut).status).toBe(502);
  const { stdout } = await home.vmlet('exec', 'web', '--', 'cat', '/tmp/seen');
  expect(stdout).toMatch(/^POST \/path\?query HTTP\/1\.1\r\n/);
  expect(stdout).not.toMatch(/proxy/i);
});

it('ends the connections of pipelined requests when their client leaves', async () => {
  await serve();
  const listen = '(setsid nc -ll -p 7 -e sleep 9999 </dev/null >/dev/null 2>&1 &)';
  await vmlet('exec', 'web', '--', 'sh', '-c', listen);
  const established = async (): Promise<number> => {
    const { stdout } = await home.vmlet('exec', 'web', '--', 'netstat', '-tn');
    return stdout.split('\n').filter((line) => /127\.0\.0\.1:7 .*ESTABLISHED/.test(line)).length;
  };
  const client = connect(proxy.port, '127.0.0.1');
  const ask = `GET http://web.vmlet.localhost:7/ HTTP/1.1\r\nHost: web\r\nProxy-Authorization: ${authorization()}\r\n\r\n`;
  client.write(ask + ask);
  await until(async () => (await established()) === 4);
  client.destroy();
  await until(async () => (await established()) === 0);
  await vmlet('exec', 'web', '--', 'killall', 'nc', 'sleep');
});

it('refuses other names, other users and direct requests', async () => {
  await serve();
  for (const name of [
    'example.com',
    '127.0.0.1:22',
    'localhost',
    'web',
    'vmlet.localhost',
    'web.vmlet.localhost.com',
  ]) {
    const refused = await get(`http://${name}/`);
    expect(refused, name).toMatchObject({ status: 403 });
    expect((await tunnel(name.includes(':') ? name : `${name}:80`)).status, name).toBe(403);
  }
  expect((await tunnel('web.vmlet.localhost')).status).toBe(403);
  expect((await get('http://none.vmlet.localhost/')).status).toBe(404);
  expect(await get('http://web.vmlet.localhost:81/')).toMatchObject({
    status: 502,
    body:
      'cannot connect to port 81 of web: no server listens on this port in the guest\n' +
      'start the server in the guest; it must listen on localhost or on all addresses\n',
  });
  expect(await get('/')).toMatchObject({ status: 400 });
  for (const headers of [{}, { 'Proxy-Authorization': `${authorization()}x` }]) {
    const denied = await get('http://web.vmlet.localhost:8080/', { headers });
    expect(denied).toMatchObject({ status: 407, headers: { 'proxy-authenticate': 'Basic realm="vmlet"' } });
    expect(denied.body).not.toContain('web\n');
  }
});

it('finds members of a network, and machines that start later or again', async () => {
  await serve();
  expect(await get('http://db.lan:8080/')).toMatchObject({ status: 502 });
  await vmlet('start', 'db');
  for (let time = 0; time < 2; time++) {
    await vmlet('exec', 'db', '--', 'sh', '-c', SERVE);
    expect(await get('http://db.lan:8080/')).toMatchObject({ status: 200, body: 'db\n' });
    expect(await get('http://primary.lan:8080/')).toMatchObject({ status: 200, body: 'db\n' });
    if (time === 0) await vmlet('restart', 'db');
  }
  expect((await get('http://web.lan:8080/')).status).toBe(403);
});

it('refuses a throw-away member, and does not lead to the named machine of its name', async () => {
  await serve();
  const flags = ['--name', 'web', '--net', 'none', '--network', 'lan:alias=www'];
  const once = home.start(['run', ...flags, 'micro', '--', 'sh', '-c', 'echo up; sleep 600']);
  onTestFinished(async () => {
    once.process.kill('SIGINT');
    await once.finished;
  });
  await until(() => once.stdout().includes('up'));
  for (const name of ['web', 'www']) {
    expect(await get(`http://${name}.lan:8080/`), name).toMatchObject({
      status: 404,
      body: expect.stringMatching(/^host: member "web" of network "lan" is a throw-away machine, /) as string,
    });
  }
  expect((await tunnel('web.lan:8080')).status).toBe(404);
  expect(await get('http://web.vmlet.localhost:8080/')).toMatchObject({ status: 200, body: 'web\n' });
});

it('prints lines to paste, without the secret in the command line of curl, and ends when idle', async () => {
  started = home.start(['proxy', '--idle', '500ms']);
  await until(() => started.stdout().includes('export'));
  const [curl = '', exported = ''] = started.stdout().split('\n');
  const [, config = ''] = /^curl -K (\S+) http:\/\/NAME\.vmlet\.localhost:PORT\/$/.exec(curl) ?? [];
  const [, secret = ''] =
    /^export http_proxy=http:\/\/vmlet:([\w-]{32})@127\.0\.0\.1:\d+ https_proxy=/.exec(exported) ?? [];
  expect(readFileSync(config, 'utf8')).toContain(`proxy-user = "vmlet:${secret}"`);
  expect(curl).not.toContain(secret);
  expect(await started.finished).toMatchObject({ status: 0 });
  expect(started.stderr()).toContain('exiting: the proxy has not been used for the time set with --idle');
});

it('reports a port that is taken', async () => {
  await serve();
  const { status, stderr } = await home.vmlet('proxy', '--port', String(proxy.port));
  expect(status).toBe(125);
  expect(stderr).toContain(`host port 127.0.0.1:${proxy.port}/tcp is in use`);
});
