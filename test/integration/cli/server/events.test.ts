import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { checkAnswer } from './openapi.ts';
import { TestServer } from './server.ts';

interface Event {
  readonly event: string;
  readonly data: {
    readonly name?: string;
    readonly machines?: readonly { readonly name: string }[];
    readonly changedAt?: string;
    readonly names?: readonly string[];
    /** Only operations have it. */
    readonly id?: string;
    readonly state?: string;
  };
}

/** A client of the server-sent events. */
class Stream {
  readonly response: IncomingMessage;
  /** Everything that it has sent. */
  text = '';
  readonly #ended: Promise<void>;

  static async open(served: TestServer, query = ''): Promise<Stream> {
    const asked = request(`http://${served.host}/v1/events${query}`, {
      headers: served.bearer,
      agent: false,
    });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.once('error', reject);
      asked.once('response', resolve);
      asked.end();
    });
    const { statusCode: status = 0, headers } = response;
    checkAnswer({ method: 'GET', path: '/v1/events', status, contentType: headers['content-type'] });
    return new Stream(response);
  }

  constructor(response: IncomingMessage) {
    this.response = response.setEncoding('utf8');
    response.on('data', (text: string) => (this.text += text));
    this.#ended = new Promise((resolve, reject) => {
      response.once('end', resolve);
      response.once('error', reject);
    });
    // It may be destroyed by the test.
    this.#ended.catch(() => undefined);
  }

  /** All events so far, in the form that browsers parse; throws for anything else. */
  get events(): Event[] {
    const blocks = this.text.split('\n\n');
    // The last one is not yet complete.
    return blocks.slice(0, -1).map((block) => {
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      return { event, data: JSON.parse(data) as Event['data'] };
    });
  }

  /** Kinds of events, with the machines that they name. */
  get words(): string[] {
    return this.events.map(({ event, data }) =>
      [event, ...(data.machines ?? [data]).map(({ name }) => name)].join(' '),
    );
  }

  /** Resolves when the server has ended the answer; rejects when it is incomplete. */
  async ended(): Promise<void> {
    return this.#ended;
  }
}

async function addMachine(served: TestServer, name: string): Promise<void> {
  const disk = join(served.directory, 'disk.img');
  writeFileSync(disk, bootSectors.hang);
  await served.store.create({ name, disks: [`${disk},format=raw,readonly`], net: 'none' });
}

describe('server-sent events', () => {
  it('begin with the machines, and report each that is new, changes or is removed', async () => {
    await using served = await TestServer.start();
    await addMachine(served, 'one');
    const stream = await Stream.open(served);
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    await until(() => stream.events.length === 1);
    await addMachine(served, 'two');
    await until(() => stream.words.includes('machine two'));
    await served.store.get('one').set({ labels: { stage: 'test' } });
    await until(() => stream.words.includes('machine one'));
    await served.store.remove('two');
    await until(() => stream.words.includes('removed two'));
    const words = new Set(stream.words);
    expect([...words]).toEqual(['machines one', 'machine two', 'machine one', 'removed two']);
    const [changed] = stream.events.filter(({ event, data }) => event === 'machine' && data.name === 'one');
    expect(changed?.data).toMatchObject({ name: 'one', spec: { labels: { stage: 'test' } } });
    stream.response.destroy();
  });

  it('report changes of disks and snapshots, of which the definition has nothing', async () => {
    await using served = await TestServer.start();
    await addMachine(served, 'one');
    const machine = served.store.get('one');
    await machine.addDisk('1G');
    const stream = await Stream.open(served);
    await until(() => stream.events.length === 1);
    for (const change of [
      async () => machine.createSnapshot('first'),
      async () => machine.removeSnapshots(['first']),
      async () => machine.resizeDisk('disk1', '+1G'),
    ]) {
      await change();
      const { changedAt } = JSON.parse(JSON.stringify(served.store.look('one'))) as Event['data'];
      expect(changedAt).toBeTypeOf('string');
      await until(() =>
        stream.events.some(({ event, data }) => event === 'machine' && data.changedAt === changedAt),
      );
    }
    stream.response.destroy();
  });

  it('report networks that are created, changed or removed', async () => {
    await using served = await TestServer.start();
    const { networks } = served;
    await networks.create({ name: 'before' });
    await addMachine(served, 'one');
    await addMachine(served, 'two');
    for (const name of ['one', 'two']) await served.store.get(name).connectNetwork('before');
    const stream = await Stream.open(served);
    await until(() => stream.events.some(({ event }) => event === 'networks'));
    let seen = stream.events.length;
    const told = async (name: string): Promise<void> => {
      await until(() =>
        stream.events
          .slice(seen)
          .some(({ event, data }) => event === 'networks' && data.names?.includes(name) === true),
      );
      seen = stream.events.length;
    };
    for (const [name, change] of [
      ['lan', async () => networks.create({ name: 'lan' })],
      ['before', async () => networks.partition('before', [['one'], ['two']])],
      ['before', async () => networks.heal('before')],
      ['lan', async () => networks.remove('lan')],
    ] as const) {
      await change();
      await told(name);
    }
    stream.response.destroy();
  });

  it('report nothing when nothing changes', async () => {
    await using served = await TestServer.start();
    await addMachine(served, 'still');
    // Statistics are of running machines alone.
    const streams = await Promise.all([Stream.open(served), Stream.open(served, '?stats=*&interval=1')]);
    await until(() => streams.every(({ events }) => events.length === 1));
    const { files } = served.store.get('still');
    for (let at = 0; at < 20; at++) {
      // Its directory changes, and the machine does not.
      writeFileSync(join(served.directory, 'data/vmlet/machines/still/of-others'), String(at));
      expect((await served.ask('/v1/machines/still', { headers: served.bearer })).status).toBe(200);
    }
    expect(served.store.get('still').files).toEqual(files);
    await addMachine(served, 'mark');
    await until(() => streams.every(({ words }) => words.includes('machine mark')));
    for (const { words, response } of streams) {
      expect(words.slice(0, words.indexOf('machine mark'))).toEqual(['machines still']);
      response.destroy();
    }
  });

  it('end with the server, as a complete answer', async () => {
    const served = await TestServer.start();
    const stream = await Stream.open(served);
    await until(() => stream.events.length === 1);
    await served[Symbol.asyncDispose]();
    await stream.ended();
    expect(stream.response.complete).toBe(true);
  });

  it('are queued for a client that does not read up to about a megabyte, and then replaced by the list', async () => {
    await using served = await TestServer.start();
    const stream = await Stream.open(served);
    await until(() => stream.events.length === 1);
    stream.response.pause();
    const operations = 30;
    for (let at = 0; at < operations; at++) {
      const body = { reference: `${at}${'x'.repeat(300 * 1024)}` };
      expect(await served.post('/v1/images/pull', body)).toMatchObject({ status: 400 });
    }
    stream.response.resume();
    const inState = (events: readonly Event[], state: string): number =>
      new Set(events.filter(({ data }) => data.state === state).map(({ data }) => data.id)).size;
    await until(() => {
      const { events } = stream;
      const again = events.map(({ event }) => event).lastIndexOf('machines');
      return again > 0 && inState(events.slice(again), 'failed') === operations;
    });
    // The kernel has buffered the first ones; of the others there are only the ends, in the list.
    expect(inState(stream.events, 'running')).toBeLessThan(operations);
    stream.response.destroy();
    expect(served.defects).toEqual([]);
  });
});
