import { watch, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keyboardSectors } from '../../../../fixtures/guests/keyboard-sectors.ts';
import { ImageStore } from '../../../../src/index.ts';
import { TestServer } from '../../../integration/cli/server/server.ts';
import { until } from '../../../until.ts';
import { restartsForUdp } from '../../probed-host.ts';
import { type Home, makeHome } from '../home.ts';
import { Client } from './client.ts';

interface Done {
  readonly command: string;
  readonly operation: {
    readonly id: string;
    readonly state: string;
    readonly result?: Readonly<Record<string, unknown>>;
    readonly progress?: {
      readonly text: string;
      readonly rung?: string;
      readonly passtRestarted?: boolean;
    };
  };
  readonly error?: { readonly code: string; readonly message: string };
}

/** Statistics of a machine whose guest was asked. */
interface Counted {
  readonly networks: readonly { readonly source: string }[] | null;
  readonly rate: { readonly networks: readonly object[] | null } | null;
}

interface Listed {
  readonly machines: readonly { readonly name: string; readonly state: string }[];
}

let home: Home;
let served: TestServer;

beforeAll(async () => {
  home = await makeHome();
  served = await TestServer.start({ store: home.store });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  expect(served.defects).toEqual([]);
  await home.close();
});

const act = async (machine: string, action: string, body: object = {}): Promise<Done & { status: number }> =>
  served.post<Done>(`/v1/machines/${machine}/${action}`, body);

const stateOf = async (name: string): Promise<string | undefined> =>
  (await served.get<Listed>('/v1/machines')).machines.find((one) => one.name === name)?.state;

describe('a machine over HTTP', () => {
  beforeAll(async () => {
    await home.store.create({ name: 'm', image: 'micro' });
  });

  test('has the actions of the command, and each answer contains the command line', async () => {
    const events = await new Client(served.connect('/v1/events')).opened();
    await events.told(({ event }: { event: string }) => event === 'machines');
    const reported = async (state: string) =>
      events.told(
        (message: { event: string; data: { name: string; state: string } }) =>
          message.event === 'machine' && message.data.name === 'm' && message.data.state === state,
      );
    expect(await act('m', 'start')).toMatchObject({
      status: 200,
      command: 'vmlet start m',
      operation: { state: 'done', result: { ports: [] } },
    });
    await reported('running');
    expect(await act('m', 'start')).toMatchObject({ status: 409, error: { code: 'VMLET_MACHINE_STATE' } });
    expect(await act('m', 'pause')).toMatchObject({
      command: 'vmlet pause m',
      operation: { state: 'done' },
    });
    await reported('paused');
    expect(await act('m', 'resume')).toMatchObject({ operation: { state: 'done' } });
    expect(await act('m', 'ports/add', { ports: ['127.0.0.1::80'] })).toMatchObject({
      command: 'vmlet port add m 127.0.0.1::80',
      operation: { result: { ports: [{ guestPort: 80 }] } },
    });
    expect(await act('m', 'ports/remove', { ports: ['no'] })).toMatchObject({ status: 400 });
    const udp = await act('m', 'ports/add', { ports: ['127.0.0.1::53/udp'] });
    const restarts = await restartsForUdp(home.store.get('m'));
    expect(udp.operation.progress?.passtRestarted).toBe(restarts || undefined);
    await events.told(
      ({ data }: { data: { kind?: string; progress?: { text: string } } }) =>
        !restarts ||
        (data.kind === 'ports/add' && data.progress?.text.startsWith('restarting passt') === true),
    );
    expect(await act('m', 'snapshots/create', { name: 'first' })).toMatchObject({
      command: 'vmlet snapshot create m first',
      operation: { result: { name: 'first' } },
    });
    expect(await served.get('/v1/machines/m/snapshots')).toMatchObject({ snapshots: [{ name: 'first' }] });
    expect(await act('m', 'snapshots/restore', { name: 'first' })).toMatchObject({
      operation: { result: { state: 'running' } },
    });
    expect(await act('m', 'snapshots/remove', { names: ['first'] })).toMatchObject({ status: 200 });
    expect(await act('m', 'save')).toMatchObject({ operation: { state: 'done' } });
    await reported('saved');
    expect(await act('m', 'restart', { timeoutMs: 30_000 })).toMatchObject({
      command: 'vmlet restart --timeout 30000ms m',
      operation: { state: 'done' },
    });
    const stopped = await act('m', 'stop');
    expect(stopped.operation.result).toEqual({
      rung: 'guest',
      description: expect.stringMatching(/^asked the guest’s agent to shut the guest down; /) as string,
    });
    const asking = await events.told(
      ({ data }: { data: { kind?: string; progress?: { rung?: string } } }) =>
        data.kind === 'stop' && data.progress?.rung === 'guest',
    );
    expect(asking).toMatchObject({
      event: 'operation',
      data: {
        progress: {
          text: expect.stringMatching(
            /^asking the guest's agent to shut the guest down, then waiting at most \d+ s$/,
          ) as string,
        },
      },
    });
    await reported('stopped');
    expect(await act('m', 'clone', { name: 'copy', linked: true })).toMatchObject({
      command: 'vmlet clone --linked m copy',
      status: 200,
    });
    expect(await act('copy', 'rename', { name: 'other' })).toMatchObject({
      command: 'vmlet rename copy other',
    });
    expect(await act('other', 'protect', { protected: true })).toMatchObject({
      command: 'vmlet protect other',
    });
    // A name that comes and goes within a moment is not reported.
    await events.told(
      (message: { event: string; data: { name: string } }) =>
        message.event === 'machine' && message.data.name === 'other',
    );
    expect(await act('other', 'remove')).toMatchObject({
      status: 409,
      error: { message: expect.stringContaining('protected') as string },
    });
    expect(await act('other', 'protect', { protected: false })).toMatchObject({
      command: 'vmlet protect --off other',
    });
    expect(await act('other', 'remove', { id: home.store.get('m').spec.id })).toMatchObject({
      status: 409,
      error: { code: 'VMLET_REPLACED' },
    });
    const { id } = home.store.get('other').spec;
    expect(await act('other', 'remove', { id, storage: true })).toMatchObject({
      command: 'vmlet rm --storage other',
      operation: { result: { keptDisks: [] } },
    });
    await events.told(
      (message: { event: string; data: { name: string } }) =>
        message.event === 'removed' && message.data.name === 'other',
    );
    expect(await stateOf('other')).toBeUndefined();
    events.socket.terminate();
  });

  test('has the same JSON as with the command', async () => {
    const plain = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await home.vmlet(...args)).stdout);
    expect(await served.get('/v1/machines')).toEqual(await plain('ls', '--json'));
    const { machine } = await served.get<{ machine: { state: string } }>('/v1/machines/m');
    const { state: _state, ...inspected } = machine;
    expect({ version: 1, machines: [inspected] }).toEqual(await plain('inspect', 'm'));
    expect(await served.get('/v1/machines/m/disks')).toEqual(await plain('disk', 'ls', 'm', '--json'));
    expect(await served.get('/v1/machines/m/ports')).toEqual(await plain('port', 'ls', 'm', '--json'));
    // The images of the test's process are at another path.
    expect(await served.get('/v1/images')).toMatchObject({
      version: 1,
      images: expect.arrayContaining([expect.objectContaining({ name: 'micro' })]) as unknown[],
      broken: [],
    });
  });

  test('starts in the background with wait=0, and the start can be cancelled', async () => {
    const begun = await served.post<Done>('/v1/machines/m/start', {}, { prefer: 'wait=0' });
    expect(begun).toMatchObject({ status: 202, operation: { state: 'running' } });
    const { id } = begun.operation;
    const ended = await served.post<Done>(`/v1/operations/${id}/cancel`, {});
    expect(ended.operation.state).toBe('cancelled');
    expect(await served.get('/v1/operations')).toMatchObject({
      operations: expect.arrayContaining([expect.objectContaining({ id, state: 'cancelled' })]) as unknown[],
    });
    expect(await stateOf('m')).toBe('stopped');
  });

  test('is reported as ended when its keeper is killed, although no file changes', async () => {
    await act('m', 'start');
    const events = await new Client(served.connect('/v1/events')).opened();
    await events.told(({ event }: { event: string }) => event === 'machines');
    const status = home.store.get('m').status();
    if (status.kind !== 'running') throw new Error('it does not run');
    process.kill(status.keeper.pid, 'SIGKILL');
    await events.told(
      ({ data }: { data: { status?: { outcome?: { kind: string } } } }) =>
        data.status?.outcome?.kind === 'keeper-killed',
    );
    events.socket.terminate();
  });
});

describe('a new machine over HTTP', () => {
  test('is checked, and shown as a command, before it is created', async () => {
    const options = {
      name: 'n',
      image: 'micro',
      memory: '256M',
      net: 'none',
      labels: { stage: 'a test' },
      protect: true,
      start: true,
    };
    const checked = await served.post<Done>('/v1/machines/check', options);
    expect(checked).toMatchObject({ status: 200, create: { name: 'n' } });
    expect(checked.command).toBe(
      "vmlet create n --image micro --memory 256M --network none --label 'stage=a test' --protect --start",
    );
    expect(await served.post('/v1/machines/check', { ...options, memory: 'much' })).toMatchObject({
      status: 400,
      error: { message: expect.stringMatching(/^memory: /) as string },
    });
    expect(await served.post('/v1/machines/check', { ...options, colour: 'red' })).toMatchObject({
      error: { message: 'colour: unknown option' },
    });
    expect(await served.post<Done>('/v1/machines', options)).toMatchObject({
      status: 200,
      command: checked.command,
      operation: { kind: 'create', machine: 'n', state: 'done', result: { name: 'n' } },
    });
    expect(await stateOf('n')).toBe('running');
    expect(home.store.get('n').spec).toMatchObject({ labels: { stage: 'a test' }, protected: true });
    expect(await served.post<Done>('/v1/machines', options)).toMatchObject({ status: 409 });
    const set = await act('n', 'set', { memory: '300M', labels: { stage: null, owner: 'me' } });
    expect(set).toMatchObject({
      command: 'vmlet set n --memory 300M --label owner=me --unlabel stage',
      operation: { result: { spec: { labels: { owner: 'me' } } } },
    });
    expect(await act('n', 'remove', { force: true, storage: true })).toMatchObject({ status: 200 });
  });

  test('has its seed options in the command', async () => {
    const key = await home.store.get('m').publicKey();
    const seed = { user: 'me', sshKeys: [key], userData: '#!/bin/sh' };
    const checked = await served.post<Done>('/v1/machines/check', { name: 'd', image: 'debian:13', seed });
    expect(checked).toMatchObject({
      status: 200,
      command: `vmlet create d --image debian:13 --username me --ssh-key '${key}' --user-data FILE`,
    });
    // The command is shown while options are still wrong.
    const wrong = { name: 'd', image: 'debian:13', seed: { sshKeys: ['none'] } };
    expect(await served.post<Done>('/v1/machines/check', wrong)).toMatchObject({
      status: 400,
      command: 'vmlet create d --image debian:13 --ssh-key none',
    });
  });

  test('can have images that are pulled, listed and removed', async () => {
    expect(await served.get('/v1/catalogue')).toMatchObject({
      images: expect.arrayContaining([expect.objectContaining({ reference: 'debian:13' })]) as unknown[],
    });
    expect(await served.post<Done>('/v1/images/pull', { reference: 'nothing:1' })).toMatchObject({
      status: 404,
      command: 'vmlet pull nothing:1',
      error: { code: 'VMLET_IMAGE_NOT_FOUND' },
    });
    expect(await served.post<Done>('/v1/images/remove', { reference: 'nothing:1' })).toMatchObject({
      status: 404,
      command: 'vmlet image rm nothing:1',
    });
    // The images of the test’s process, some of which other tests may have left without a name, or leave just now.
    const unused = async () => new ImageStore().prune({ dryRun: true });
    const [images, answer] = await until(async () => {
      const before = await unused();
      const answer = await served.post<Done>('/v1/images/prune', { dryRun: true });
      return isDeepStrictEqual(await unused(), before) && ([before, answer] as const);
    });
    expect(answer).toMatchObject({
      command: 'vmlet image prune --dry-run',
      operation: { result: { images: images.map(({ digest }) => ({ digest })) } },
    });
  });
});

describe('a running machine over HTTP', () => {
  beforeAll(async () => {
    await act('m', 'start');
    await home.store.get('m').waitFor({ log: [/root@m:~# $/] });
  });

  test('has its serial console, which begins with the log', async () => {
    const [one, other] = [
      new Client(served.connect('/v1/machines/m/console?lines=50')),
      new Client(served.connect('/v1/machines/m/console?lines=1')),
    ];
    await one.shows(/BusyBox/);
    // Old output has no escape sequences but colours, and its lines are those of a terminal.
    const old = one.text.slice(0, one.text.indexOf('BusyBox'));
    expect(old.replaceAll(/\x1b\[[0-9;]*m/g, '')).not.toMatch(/\x1b|(?<!\r)\n/);
    // It hears what comes after the line that it begins with.
    await other.shows(/root@m:~# /);
    one.type('echo $((6 * 7))$((1 + 1))\r');
    await one.shows(/^422\r?$/m);
    await other.shows(/^422\r?$/m);
    expect(other.text).not.toContain('BusyBox');
    // No byte is special, not even the one that detaches vmlet console.
    // The shell echoes a command before it gives it the terminal.
    one.type('echo be""gun; cat -v >/run/typed\r');
    await one.shows(/^begun/m);
    one.type('\x1dend\r\x04');
    await until(async () => (await inGuest('cat /run/typed')) === '^]end');
    one.socket.close();
    other.socket.terminate();
    await Promise.all([one.closed, other.closed]);
  });

  test('has a shell on a terminal that resizes', async () => {
    const shell = await new Client(
      served.connect('/v1/machines/m/exec?columns=101&rows=37&workdir=/usr'),
    ).opened();
    shell.type('stty size; pwd\r');
    await shell.shows(/37 101\r\n\/usr/);
    shell.socket.send(JSON.stringify({ resize: { columns: 60, rows: 20 } }));
    await until(() => {
      shell.type('stty size\r');
      return /20 60/.test(shell.text);
    });
    shell.type('exit 7\r');
    expect(await shell.told(({ exit }: { exit: unknown }) => exit)).toEqual({ exit: { exitCode: 7 } });
    expect(await shell.closed).toBe(1000);
  });

  test('runs a command, and kills it when its client disconnects', async () => {
    const words = new Client(served.connect('/v1/machines/m/exec?argv=echo&argv=a+b&argv=%24HOME'));
    expect(await words.told(({ exit }: { exit: unknown }) => exit)).toEqual({ exit: { exitCode: 0 } });
    expect(words.text).toBe('a b $HOME\r\n');
    const clients = Array.from(
      { length: 50 },
      () => new Client(served.connect('/v1/machines/m/exec?argv=sleep&argv=4242')),
    );
    await until(async () => (await count('sleep 4242')) === 50);
    for (const { socket } of clients) socket.terminate();
    await until(async () => (await count('sleep 4242')) === 0);
  });

  async function inGuest(script: string): Promise<string> {
    const { stdout } = await home.vmlet('exec', 'm', 'sh', '-c', script);
    return stdout.trim();
  }

  async function count(command: string): Promise<number> {
    return Number(await inGuest(`ps | grep -c '[${command.slice(0, 1)}]${command.slice(1)}$' || :`));
  }

  test('waits for a client that does not read', async () => {
    const script = 'i=0; while :; do i=$((i+1)); echo $i >/run/sent; head -c 65536 /dev/zero; done';
    const client = await new Client(
      served.connect(`/v1/machines/m/exec?argv=sh&argv=-c&argv=${encodeURIComponent(script)}`),
    ).opened();
    await client.shows(/\0/);
    client.socket.pause();
    const sent = async (): Promise<number> => Number(await inGuest('cat /run/sent'));
    const stuck = await until(async () => {
      const before = await sent();
      await inGuest('sleep 1');
      return (await sent()) === before && before;
    });
    // A terminal of the guest, its agent, the server and two sockets buffer a few megabytes.
    expect(stuck * 65_536).toBeLessThan(24 * 1024 * 1024);
    client.socket.resume();
    await until(async () => (await sent()) > stuck);
    client.socket.terminate();
  });

  test('delays a client that floods a guest which does not read', async () => {
    await act('m', 'pause');
    const client = await new Client(served.connect('/v1/machines/m/console?lines=0')).opened();
    const piece = Buffer.alloc(256 * 1024, 0x20);
    for (let sent = 0; sent < 64; sent += 0.25) client.socket.send(piece);
    let last = -1;
    const left = await until(async () => {
      const before = last;
      last = client.socket.bufferedAmount;
      await inHost();
      return last === before && last;
    });
    client.socket.terminate();
    await act('m', 'resume');
    expect(left).toBeGreaterThan(32 * 1024 * 1024);
    await inGuest('stty -F /dev/ttyS0 sane 2>/dev/null; true');
  });

  /** Any work of some hundred milliseconds. */
  async function inHost(): Promise<void> {
    await home.vmlet('ls');
  }

  test('answers with the output of a command, and kills it when its client disconnects', async () => {
    const path = '/v1/machines/m/exec';
    const script = 'cat; echo $WORD; pwd; echo oops >&2; exit 7';
    const body = { argv: ['sh', '-c', script], env: { WORD: 'é' }, cwd: '/usr', input: 'typed ' };
    const result = { version: 1, stdout: 'typed é\n/usr\n', stderr: 'oops\n', exitCode: 7, truncated: false };
    expect(await served.post(path, body)).toEqual({ status: 200, ...result });
    const much = await served.post<{ stdout: string }>(path, {
      argv: ['head', '-c', '1048577', '/dev/zero'],
    });
    expect(much).toMatchObject({ truncated: true, exitCode: 0 });
    expect(much.stdout).toHaveLength(1024 * 1024);
    const late = await served.post(path, { argv: ['sleep', '4243'], timeoutMs: 10 });
    expect(late).toMatchObject({ status: 504, error: { code: 'VMLET_TIMED_OUT' } });
    expect(await served.post(path, { argv: [] })).toMatchObject({ status: 400 });
    expect(await served.post(path, { argv: ['/absent'] })).toMatchObject({ status: 404 });
    const headers = { ...served.bearer, host: served.host, 'content-type': 'application/json' };
    const cut = request({ host: '127.0.0.1', port: served.server.port, method: 'POST', path, headers });
    cut.on('error', () => undefined).end(JSON.stringify({ argv: ['sleep', '4244'] }));
    await until(async () => (await count('sleep 4244')) === 1);
    cut.destroy();
    await until(async () => (await count('sleep 4244')) === 0);
    expect(await count('sleep 4243')).toBe(0);
  });

  test('lists, downloads and uploads files', async () => {
    await inGuest(
      'mkdir -p /root/f/sub; ln -s /etc/passwd /root/f/link; printf "a b" >"/root/f/odd \\"name"; chmod 640 /root/f/odd*',
    );
    await inGuest("touch '/root/f/two\nlines'");
    const { entries } = await served.get<{
      entries: { name: string; kind: string; bytes: number; mode: number }[];
    }>('/v1/machines/m/files?path=/root/f');
    const named = Object.fromEntries(entries.map((entry) => [entry.name, entry]));
    expect(Object.keys(named).sort()).toEqual(['link', 'odd "name', 'sub', 'two\nlines']);
    expect(named['odd "name']).toMatchObject({ kind: 'file', bytes: 3, mode: 0o640 });
    expect([named['link']?.kind, named['sub']?.kind]).toEqual(['link', 'directory']);
    const file = await served.ask(`/v1/machines/m/file?path=${encodeURIComponent('/root/f/odd "name')}`, {
      headers: served.bearer,
    });
    expect(file).toMatchObject({ status: 200, text: 'a b' });
    expect(file.headers['content-disposition']).toBe("attachment; filename*=UTF-8''odd%20%22name");
    expect(file.headers['content-type']).toBe('application/octet-stream');
    const missing = await served.ask('/v1/machines/m/file?path=/no', { headers: served.bearer });
    expect(missing.status).toBe(404);
    expect((await served.ask('/v1/machines/m/files?path=/no', { headers: served.bearer })).status).toBe(404);
    expect((await served.ask('/v1/machines/m/files?path=etc', { headers: served.bearer })).status).toBe(400);
    const up = await served.ask('/v1/machines/m/file?directory=/root/f&name=new', {
      method: 'PUT',
      headers: served.bearer,
      body: { some: 'text' },
    });
    expect(up).toMatchObject({ status: 200, text: '{"version":1,"path":"/root/f/new"}' });
    expect(await inGuest('cat /root/f/new')).toBe('{"some":"text"}');
  });

  test('writes no file outside of the chosen directory', async () => {
    for (const name of ['../x', '..', '.', '', 'a/b', '/etc/x', 'a\0b', 'x'.repeat(256)]) {
      const { status } = await served.ask(
        `/v1/machines/m/file?directory=/root/f&name=${encodeURIComponent(name)}`,
        { method: 'PUT', headers: served.bearer, body: {} },
      );
      expect(status).toBe(400);
    }
    expect(await inGuest('ls /root')).toBe('f');
  });

  test('has logs', async () => {
    const log = async (query: string) =>
      served.ask(`/v1/machines/m/log?${query}`, { headers: served.bearer });
    expect(await log('lines=100000')).toMatchObject({
      status: 200,
      text: expect.stringContaining('BusyBox') as string,
    });
    expect((await log('source=/etc/passwd')).status).toBe(400);
    const time = new Date().toISOString();
    const lines = ['stdout F out', 'stderr P err', 'stderr F or'].map((line) => `${time} ${line}\n`);
    writeFileSync(home.store.get('m').files.outputLog, lines.join(''));
    expect((await log('source=command')).text).toBe('out\nerror\n');
    expect((await log('source=command&lines=1')).text).toBe('or\n');
  });

  test('has statistics for clients that request them', async () => {
    const client = await new Client(served.connect('/v1/events')).opened();
    client.socket.send(JSON.stringify({ stats: ['m', 'other'], interval: 1 }));
    await client.told(
      ({ event, data }: { event: string; data: { machines: { machine: string; rate: object | null }[] } }) =>
        event === 'stats' && data.machines.some(({ machine, rate }) => machine === 'm' && rate !== null),
    );
    client.socket.send(JSON.stringify({ stats: ['m'], guests: ['m'], interval: 1 }));
    await client.told(({ event, data }: { event: string; data: { machines: Counted[] } }) => {
      if (event !== 'stats') return false;
      return data.machines.some(({ networks, rate }) => networks?.[0]?.source === 'guest' && rate?.networks);
    });
    client.socket.send(JSON.stringify({ stats: 7 }));
    await client.told(({ error }: { error: object | undefined }) => error);
    client.socket.terminate();
  });

  test('reports the errors of consoles', async () => {
    for (const path of ['/v1/machines/no/console', '/v1/machines/m/vnc', '/v1/machines/m/console?lines=x']) {
      const client = new Client(served.connect(path));
      await client.told(({ error }: { error: { message: string } }) => error.message);
      expect(await client.closed).toBe(1011);
    }
  });
});

describe('a machine with a screen, over HTTP', () => {
  beforeAll(async () => {
    const disk = join(home.path, 'keys.img');
    writeFileSync(disk, keyboardSectors.characters);
    await home.store.create({ name: 's', disks: [`${disk},format=raw`], net: 'none' });
    await act('s', 'start');
    // Its firmware drops keys.
    await home.store.get('s').waitFor({ log: [/>$/] });
  });
  beforeEach(() => expect(served.defects).toEqual([]));

  test('has a picture, at most one in two seconds for all clients', async () => {
    const taken = new Set<string>();
    using _watch = watched(home.store.get('s').files.sockets, (name) => {
      if (name.startsWith('screenshot-')) taken.add(name);
    });
    const ask = async (headers = {}) =>
      served.ask('/v1/machines/s/screen.png', { headers: { ...served.bearer, ...headers } });
    const began = performance.now();
    const all = await Promise.all(Array.from({ length: 20 }, async () => ask()));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect(all[0]?.headers['content-type']).toBe('image/png');
    expect(all[0]?.text).toContain('PNG');
    if (performance.now() - began < 2000) expect(taken.size).toBe(1);
    // The picture of a paused machine stays the same; the cursor of a running one blinks.
    await act('s', 'pause');
    const paused = (await ask()).headers.etag;
    expect((await ask({ 'if-none-match': paused })).status).toBe(304);
    await act('s', 'resume');
  });

  test('has its screen by VNC', async () => {
    const viewers = Array.from({ length: 3 }, () => new Client(served.connect('/v1/machines/s/vnc')));
    for (const viewer of viewers) await viewer.shows(/^RFB 003\.008\n/);
    for (const { socket } of viewers) socket.terminate();
  });

  test('has a keyboard that types a text exactly', async () => {
    const text = 'A: No:$(*`~{"x"}|';
    const typed = await act('s', 'keyboard', { text, keys: ['b', 'shift-c'] });
    expect(typed).toMatchObject({ status: 200, operation: { state: 'done' } });
    expect(typed.command).toBe(`vmlet sendkey s b shift-c --text '${text}'`);
    await until(async () => (await log()).includes(`${text}bC`));
    expect(await act('s', 'keyboard', {})).toMatchObject({ status: 400 });
  });

  async function log(): Promise<string> {
    return (await served.ask('/v1/machines/s/log', { headers: served.bearer })).text;
  }

  test('closes its consoles when it ends', async () => {
    const [screen, console] = [
      new Client(served.connect('/v1/machines/s/vnc')),
      new Client(served.connect('/v1/machines/s/console')),
    ];
    await screen.shows(/^RFB/);
    await console.shows(/\S/);
    await act('s', 'kill');
    expect(await Promise.all([screen.closed, console.closed])).toEqual([1000, 1000]);
  });

  test('releases 100 dropped consoles', async () => {
    await act('s', 'start');
    const unix = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'PipeConnectWrap' || kind === 'PipeWrap')
        .length;
    const before = unix();
    const clients = Array.from(
      { length: 100 },
      (_, index) => new Client(served.connect(`/v1/machines/s/${index % 2 === 0 ? 'console' : 'vnc'}`)),
    );
    await Promise.all(clients.map(async (client) => client.opened()));
    for (const { socket } of clients) socket.terminate();
    await until(() => served.server.connections === 0);
    await until(() => unix() <= before);
    // QEMU is free for the next viewer.
    const one = await new Client(served.connect('/v1/machines/s/vnc')).opened();
    await one.shows(/^RFB/);
    one.socket.terminate();
    await until(() => unix() <= before);
  });
});

function watched(path: string, onName: (name: string) => void): Disposable {
  const watcher = watch(path, (_kind, name) => onName(name ?? ''));
  return { [Symbol.dispose]: () => watcher.close() };
}
