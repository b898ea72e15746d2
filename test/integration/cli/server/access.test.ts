import { lstatSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ROUTES } from '../../../../src/cli/server/resources/routes.ts';
import { TestServer, upgradeStatus } from './server.ts';

describe('access to the server', () => {
  let served: TestServer;
  beforeAll(async () => {
    served = await TestServer.start();
  });
  afterAll(async () => {
    expect(served.defects).toEqual([]);
    await served[Symbol.asyncDispose]();
  });

  it('listens on 127.0.0.1 only', async () => {
    // Every address of 127.0.0.0/8 is this host; a server on all addresses would answer.
    const refused = await new Promise((resolve) => {
      const connection = connect(served.server.port ?? 0, '127.0.0.2');
      connection.once('error', ({ message }) => resolve(message));
      connection.once('connect', () => {
        connection.destroy();
        resolve('connected');
      });
    });
    expect(refused).toContain('ECONNREFUSED');
  });

  it.each([
    'evil.example',
    'evil.example:80',
    // The server does not listen there.
    '[::1]:80',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost',
    '127.0.0.1.evil.example',
  ])('rejects the host %s, as after DNS rebinding', async (host) => {
    const named = host.replace(/:80$/, `:${served.server.port}`);
    for (const path of ['/', '/v1/machines']) {
      const { status } = await served.ask(path, { headers: { ...served.bearer, host: named } });
      expect(status).toBe(421);
    }
  });

  it('answers to both names of the loopback', async () => {
    for (const name of ['127.0.0.1', 'localhost']) {
      const host = `${name}:${served.server.port}`;
      expect((await served.ask('/v1', { headers: { ...served.bearer, host } })).status).toBe(200);
    }
  });

  it('serves only the page without credentials', async () => {
    expect(await served.ask('/')).toMatchObject({ status: 200, text: '<!doctype html>' });
    expect(await served.ask('/machines/web')).toMatchObject({ status: 200, text: '<!doctype html>' });
    for (const path of ['/v1', '/v1/machines', '/v1/nothing', '/v1/events', '/v1/images', '/v1/host']) {
      expect((await served.ask(path)).status).toBe(401);
    }
  });

  it('sends headers that isolate the page in the browser', async () => {
    for (const path of ['/', '/assets/page.js', '/v1/machines', '/nothing.js']) {
      const { headers } = await served.ask(path);
      expect(headers).toMatchObject({
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        // Every directive, so that an added source does not pass.
        'content-security-policy':
          "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'; " +
          "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('exchanges a token of 192 bits for a cookie and a secret, once', async () => {
    const token = new URL(served.server.newAddress()).hash.replace('#token=', '');
    expect(Buffer.from(token, 'base64url')).toHaveLength(24);
    const exchange = async () =>
      served.ask('/v1/session', {
        method: 'POST',
        headers: { origin: `http://${served.host}` },
        body: { token },
      });
    const first = await exchange();
    expect(first.status).toBe(200);
    const { secret } = JSON.parse(first.text) as { secret: string };
    expect(Buffer.from(secret, 'base64url')).toHaveLength(24);
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(
      new RegExp(`^vmlet-${served.server.port}=[\\w-]{32}; Path=/; HttpOnly; SameSite=Strict$`),
    );
    expect(cookie).not.toContain(secret);
    const second = await exchange();
    expect(second.status).toBe(401);
    expect(second.headers).not.toHaveProperty('set-cookie');
  });

  it('exchanges a token only for the page of this server', async () => {
    const { token } = await served.post<{ token: string }>('/v1/session/token', {});
    for (const origin of [undefined, 'http://evil.example', 'null', 'http://127.0.0.1:1']) {
      const { status } = await served.ask('/v1/session', {
        method: 'POST',
        headers: origin === undefined ? {} : { origin },
        body: { token },
      });
      expect(status).toBe(403);
    }
  });

  it('rejects the cookie alone, which servers on other ports receive too', async () => {
    const page = await served.open();
    const { host, origin, cookie } = page.headers;
    expect((await served.ask('/v1/machines', { headers: page.headers })).status).toBe(200);
    expect((await served.ask('/v1/machines', { headers: { host, origin, cookie } })).status).toBe(401);
    const post = { method: 'POST', headers: { host, origin, cookie }, body: {} };
    expect((await served.ask('/v1/session/token', post)).status).toBe(401);
    const socket = new WebSocket(`ws://${served.host}/v1/events`, {
      headers: { cookie: page.cookie },
      origin: page.origin,
    });
    expect(await upgradeStatus(socket)).toBe(401);
  });

  it('rejects the secret alone, and the secret of another page', async () => {
    const [one, other] = [await served.open(), await served.open()];
    const { host, origin } = one.headers;
    const secret = { 'vmlet-secret': one.secret };
    expect((await served.ask('/v1/machines', { headers: { host, origin, ...secret } })).status).toBe(401);
    const mixed = { ...one.headers, 'vmlet-secret': other.secret };
    expect((await served.ask('/v1/machines', { headers: mixed })).status).toBe(401);
  });

  it('rejects changes from a page without its Origin, or with another', async () => {
    const { headers } = await served.open();
    for (const origin of [
      undefined,
      'null',
      'http://evil.example',
      `https://${served.host}`,
      `http://localhost:1`,
    ]) {
      const { origin: _own, ...rest } = headers;
      const sent = {
        method: 'POST',
        headers: { ...rest, ...(origin !== undefined && { origin }) },
        body: {},
      };
      expect((await served.ask('/v1/session/token', sent)).status).toBe(403);
    }
    expect((await served.ask('/v1/session/token', { method: 'POST', headers, body: {} })).status).toBe(200);
  });

  it('rejects reads from another page too', async () => {
    const { headers } = await served.open();
    const foreign = { ...headers, origin: 'http://evil.example' };
    expect((await served.ask('/v1/machines', { headers: foreign })).status).toBe(403);
  });

  it('requires only the token from a program', async () => {
    expect(
      (await served.ask('/v1/session/token', { method: 'POST', headers: served.bearer, body: {} })).status,
    ).toBe(200);
    const wrong = { authorization: `Bearer ${'A'.repeat(32)}` };
    expect((await served.ask('/v1/machines', { headers: wrong })).status).toBe(401);
    // A page cannot become a program.
    const foreign = { ...served.bearer, origin: 'http://evil.example' };
    expect((await served.ask('/v1/machines', { headers: foreign })).status).toBe(403);
    const { cookie } = await served.open();
    const mixed = { ...served.bearer, cookie };
    expect((await served.ask('/v1/session/token', { method: 'POST', headers: mixed, body: {} })).status).toBe(
      403,
    );
  });

  it('opens WebSockets for the page itself and for programs', async () => {
    const page = await served.open();
    const open = async (origin: string | undefined, secret: string, headers = {}) =>
      upgradeStatus(
        new WebSocket(`ws://${served.host}/v1/events`, ['vmlet', `vmlet.secret.${secret}`], {
          headers: { cookie: page.cookie, ...headers },
          ...(origin !== undefined && { origin }),
        }),
      );
    expect(await open(page.origin, page.secret)).toBe(101);
    expect(await open(undefined, page.secret)).toBe(403);
    expect(await open('http://evil.example', page.secret)).toBe(403);
    expect(await open(page.origin, 'A'.repeat(32))).toBe(401);
    expect(await open(page.origin, page.secret, { host: 'evil.example' })).toBe(421);
    expect(await upgradeStatus(served.connect('/v1/events'))).toBe(101);
    expect(await upgradeStatus(served.connect('/v1/nothing'))).toBe(404);
    const nobody = new WebSocket(`ws://${served.host}/v1/events`, { origin: page.origin });
    expect(await upgradeStatus(nobody)).toBe(401);
  });

  it('never returns the secret as the subprotocol', async () => {
    const page = await served.open();
    const socket = new WebSocket(`ws://${served.host}/v1/events`, ['vmlet', `vmlet.secret.${page.secret}`], {
      headers: { cookie: page.cookie },
      origin: page.origin,
    });
    await new Promise((resolve) => socket.once('open', resolve));
    expect(socket.protocol).toBe('vmlet');
    socket.terminate();
  });

  it('makes no changes by GET', async () => {
    for (const path of [
      '/v1/machines/web/start',
      '/v1/machines/web/remove',
      '/v1/session',
      '/v1/session/token',
    ]) {
      expect((await served.ask(path, { headers: served.bearer })).status).toBe(405);
    }
    for (const method of ['DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE']) {
      expect((await served.ask('/v1/machines', { method, headers: served.bearer })).status).toBe(405);
    }
  });

  it('accepts only JSON, which no form can send', async () => {
    const path = '/v1/machines/web/kill';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      undefined,
    ]) {
      const headers = { ...served.bearer, ...(type !== undefined && { 'content-type': type }) };
      expect((await served.ask(path, { method: 'POST', headers })).status).toBe(415);
    }
    const refused = await served.post<{ error: { message: string } }>(path, { forec: true });
    expect(refused).toMatchObject({ status: 400, error: { message: 'forec: unknown option' } });
    expect(await served.post(path, [])).toMatchObject({ status: 400 });
  });

  it('serves no file outside of the page', async () => {
    writeFileSync(join(served.directory, 'secret.js'), 'void 1;');
    symlinkSync(join(served.directory, 'secret.js'), join(served.directory, 'page/link.js'));
    for (const path of [
      '/../secret.js',
      '/assets/../../secret.js',
      '/..%2fsecret.js',
      '/%2e%2e/secret.js',
      '/link.js',
      `/${join(served.directory, 'secret.js')}`,
      '/..%2f..%2fetc/passwd',
      '//etc/passwd.txt',
    ]) {
      expect((await served.ask(path)).status).toBeOneOf([404, 400]);
    }
  });

  it('reports errors in the words of the command', async () => {
    const { status, text } = await served.ask('/v1/machines/web', { headers: served.bearer });
    expect(status).toBe(404);
    expect(JSON.parse(text)).toEqual({
      version: 1,
      error: {
        code: 'VMLET_MACHINE_NOT_FOUND',
        message: 'no such machine: web',
        hint: 'list machines with: vmlet ls',
      },
    });
  });
});

describe('every route', () => {
  let served: TestServer;
  beforeAll(async () => {
    served = await TestServer.start();
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  const routes = ROUTES.map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, 'x') }));

  it.each(routes)('$method $path needs credentials, and a change its own page', async ({ method, path }) => {
    const origin = `http://${served.host}`;
    expect((await served.ask(path, { method })).status).toBe(method === 'GET' ? 401 : 403);
    // The exchange of a token is the one request without credentials.
    const unknown = path === '/v1/session' ? 415 : 401;
    expect((await served.ask(path, { method, headers: { origin } })).status).toBe(unknown);
    const evil = { ...served.bearer, host: 'evil.example' };
    expect((await served.ask(path, { method, headers: evil })).status).toBe(421);
    const { headers } = await served.open();
    const { origin: _own, ...withoutOrigin } = headers;
    const foreign = { ...headers, origin: 'http://evil.example' };
    expect((await served.ask(path, { method, headers: foreign })).status).toBe(403);
    if (method === 'GET') return;
    expect((await served.ask(path, { method, headers: withoutOrigin })).status).toBe(403);
    const hasGet = routes.some((one) => one.method === 'GET' && one.path === path);
    // 404 is that of a machine whose name is `check`.
    if (!hasGet) {
      const { status } = await served.ask(path, { headers: served.bearer });
      expect(status).toBeOneOf([404, 405]);
    }
    if (method === 'PUT') return;
    const form = { ...headers, 'content-type': 'text/plain' };
    expect((await served.ask(path, { method, headers: form })).status).toBe(415);
  });
});

describe('the files of the page', () => {
  it('are compressed for clients that accept it, and for no others', async () => {
    await using served = await TestServer.start();
    const fetched = async (accepted?: string): Promise<{ coding: string | undefined; bytes: Buffer }> =>
      new Promise((resolve, reject) => {
        const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
        const asked = request(`http://${served.host}/assets/page.js`, { headers, agent: false });
        asked.once('error', reject).once('response', (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.once('end', () => {
            expect(response.headers.vary).toBe('accept-encoding');
            resolve({ coding: response.headers['content-encoding'], bytes: Buffer.concat(pieces) });
          });
        });
        asked.end();
      });
    for (const accepted of ['gzip', 'gzip, deflate, br, zstd', 'br;q=1.0, gzip;q=0.8']) {
      const { coding, bytes } = await fetched(accepted);
      expect({ coding, text: gunzipSync(bytes).toString() }).toEqual({ coding: 'gzip', text: 'void 0;' });
    }
    for (const accepted of [undefined, 'br', 'gzip;q=0', 'x-gzip']) {
      const { coding, bytes } = await fetched(accepted);
      expect({ coding, text: bytes.toString() }).toEqual({ coding: undefined, text: 'void 0;' });
    }
  });
});

describe('a server on a unix socket', () => {
  it('has a socket for this user only, and accepts any port of the loopback', async () => {
    await using served = await TestServer.start({ socketName: 'ui.sock' });
    expect(lstatSync(join(served.directory, 'ui.sock')).mode & 0o777).toBe(0o600);
    const { bearer } = served;
    for (const host of ['localhost', 'localhost:8080', '127.0.0.1:9', '[::1]:8080']) {
      expect((await served.ask('/v1', { headers: { ...bearer, host } })).status).toBe(200);
    }
    expect((await served.ask('/v1', { headers: { ...bearer, host: 'evil.example' } })).status).toBe(421);
    // Other users of the forward’s host can reach the socket too.
    expect((await served.ask('/v1', { headers: { host: 'localhost' } })).status).toBe(401);
    const page = await served.open('localhost:8080');
    expect(page.cookie).toMatch(/^vmlet-8080=/);
    expect((await served.ask('/v1', { headers: page.headers })).status).toBe(200);
  });
});
