import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { ROUTES } from '../../../../src/cli/server/resources/routes.ts';
import { type Started } from '../../command.ts';
import { fetchChecked } from '../../../integration/cli/server/openapi.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';

type Json = Readonly<Record<string, unknown>>;

/** A resource, and the command with the same JSON. */
interface Comparison {
  /** As in the route; `:name` is `name`. */
  readonly route: string;
  readonly names?: readonly string[];
  /** The words of the command, for a name. */
  readonly command: (name: string) => readonly string[];
  /** The list of the command that has the resource as its only entry, and the field of the resource. */
  readonly entry?: readonly [list: string, field: string];
  /** Fields of the resource, or of each entry of its list, that the command has elsewhere. */
  readonly more?: readonly string[];
  /** True when only the names of fields are compared: free memory and space differ from moment to moment. */
  readonly isOfTheMoment?: true;
  /** The fields that must be there and not empty, so that something is compared. */
  readonly filled: readonly string[];
}

const MACHINES = ['running', 'parked'];

const COMPARISONS: readonly Comparison[] = [
  { route: '/v1/machines', command: () => ['ls', '--json'], filled: ['machines'] },
  {
    route: '/v1/machines/:name',
    names: MACHINES,
    command: (name) => ['inspect', name, '--json'],
    entry: ['machines', 'machine'],
    more: ['state'],
    filled: ['machine'],
  },
  ...['disk', 'cd', 'share', 'snapshot'].map((noun) => {
    const plural = { disk: 'disks', cd: 'drives', share: 'shares', snapshot: 'snapshots' }[noun] ?? '';
    return {
      route: `/v1/machines/:name/${plural}`,
      names: ['parked'],
      command: (name: string) => [noun, 'ls', name, '--json'],
      filled: [plural],
    };
  }),
  {
    route: '/v1/machines/:name/ports',
    names: ['running'],
    command: (name) => ['port', 'ls', name, '--json'],
    filled: ['ports', 'sockets'],
  },
  {
    route: '/v1/machines/:name/addresses',
    names: ['running'],
    command: (name) => ['ip', name, '--json'],
    filled: ['source', 'addresses'],
  },
  {
    route: '/v1/images',
    command: () => ['image', 'ls', '--json'],
    more: ['usedBy'],
    filled: ['images'],
  },
  { route: '/v1/catalogue', command: () => ['image', 'ls', '--remote', '--json'], filled: ['images'] },
  { route: '/v1/templates', command: () => ['template', 'ls', '--json'], filled: ['templates'] },
  { route: '/v1/volumes', command: () => ['volume', 'ls', '--json'], filled: ['volumes'] },
  {
    route: '/v1/volumes/:name',
    names: ['data'],
    command: (name) => ['volume', 'inspect', name, '--json'],
    entry: ['volumes', 'volume'],
    filled: ['volume'],
  },
  { route: '/v1/networks', command: () => ['network', 'ls', '--json'], filled: ['networks', 'broken'] },
  {
    route: '/v1/networks/:name',
    names: ['lan'],
    command: (name) => ['network', 'inspect', name, '--json'],
    entry: ['networks', 'network'],
    filled: ['network'],
  },
  { route: '/v1/host', command: () => ['doctor', '--json'], isOfTheMoment: true, filled: ['findings'] },
  { route: '/v1/host/usage', command: () => ['system', 'df', '--json'], filled: ['usage'] },
];

/** Resources that no command prints as JSON. */
const WITHOUT_COMMAND = [
  '/v1',
  '/v1/catalogue/:name',
  '/v1/events',
  '/v1/openapi.json',
  '/v1/operations',
  '/v1/operations/:id',
  ...['screen.png', 'log', 'files', 'file'].map((last) => `/v1/machines/:name/${last}`),
];

describe('the JSON of the HTTP API', () => {
  let home: Home;
  let ui: Started | undefined;
  let ask: (path: string, signal?: AbortSignal) => Promise<Response>;

  const get = async (path: string): Promise<Json> => (await ask(path)).json() as Promise<Json>;

  beforeAll(async () => {
    home = await makeHome();
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const shared = join(home.path, 'shared');
    mkdirSync(shared);
    const done = async (...words: string[]): Promise<void> => {
      const { status, stderr } = await home.vmlet(...words);
      expect(status, `${words.join(' ')}: ${stderr}`).toBe(0);
    };
    await done('network', 'create', 'lan', '--subnet', '10.77.0.0/24');
    await done('volume', 'create', 'data', '--size', '64M');
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1'];
    const socket = join(home.path, 'web.sock');
    await done(
      'create',
      'running',
      ...hardware,
      '--network',
      'lan',
      '-p',
      '80',
      '-p',
      `${socket}:81`,
      '--start',
    );
    const devices = ['--disk', '1M', '-v', `${shared}:/shared`, '-v', 'data:/data'];
    await done('create', 'parked', ...hardware, ...devices, '--label', 'team=web', '--protect');
    await done('cd', 'add', 'parked', image);
    await done('snapshot', 'create', 'parked', 'first');
    await done('create', 'damaged', ...hardware);
    await done('network', 'create', 'cut');
    const data = join(home.path, 'data/vmlet');
    writeFileSync(join(data, 'machines/damaged/spec.json'), '{');
    writeFileSync(join(data, 'networks/cut/network.json'), '{');
    await done('template', 'create', 'booted', '--image', 'micro', '-m', '128M');
    const started = home.start(['ui', '--no-open']);
    ui = started;
    const file = await until(() => /token for the HTTP API: (.*)\n/.exec(started.stderr())?.[1]);
    const address = await until(() => /^http:\S+(?=\n)/.exec(started.stdout())?.[0]);
    const headers = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` };
    ask = async (path, signal) => fetchChecked(new URL(path, address), { headers, signal: signal ?? null });
  });
  afterAll(async () => {
    ui?.process.kill('SIGINT');
    await ui?.finished;
    await home.close();
  });

  test.each(COMPARISONS.flatMap((one) => (one.names ?? ['']).map((name) => ({ ...one, name }))))(
    'of $route is that of the command ($name)',
    async ({ route, name, command, entry, more = [], isOfTheMoment, filled }) => {
      const print = async (): Promise<string> => {
        const { status, stdout, stderr } = await home.vmlet(...command(name));
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        return stdout;
      };
      // Tests of other files change the images, which they share with this home.
      const [stdout, answer] = await until(async () => {
        const before = await print();
        const answer = await get(route.replace(':name', name));
        return (isOfTheMoment || (await print()) === before) && ([before, answer] as const);
      });
      for (const field of filled) expect(answer[field]).not.toBeOneOf([undefined, []]);
      let printed = JSON.parse(stdout) as Json;
      if (entry) {
        const [list, field] = entry;
        const { [list]: entries, ...others } = printed;
        printed = { ...others, [field]: (entries as Json[])[0] };
      }
      const compared = isOfTheMoment ? shapeOf : (json: unknown) => json;
      expect(compared(without(answer, more))).toEqual(compared(printed));
    },
  );

  test('has the users of an image as `image inspect` has them', async () => {
    const { images } = (await get('/v1/images')) as { images: { digest: string; usedBy: unknown }[] };
    const { stdout } = await home.vmlet('image', 'inspect', 'micro', '--json');
    const [inspected] = (JSON.parse(stdout) as { images: { digest: string; usedBy: unknown }[] }).images;
    const listed = images.find(({ digest }) => digest === inspected?.digest);
    expect(inspected?.usedBy).not.toEqual([]);
    expect(listed?.usedBy).toEqual(inspected?.usedBy);
  });

  test('has the state of a machine as `ls` has it', async () => {
    const { machines } = (await get('/v1/machines')) as { machines: { name: string; state: string }[] };
    expect(machines.map(({ name, state }) => [name, state])).toEqual([
      ['damaged', 'broken'],
      ['parked', 'created'],
      ['running', 'running'],
    ]);
    for (const { name, state } of machines.filter((machine) => machine.state !== 'broken')) {
      expect(await get(`/v1/machines/${name}`)).toMatchObject({ machine: { state } });
    }
  });

  test('has the machines and statistics of events as `ls` and `stats` have them', async () => {
    const controller = new AbortController();
    const { body } = await ask('/v1/events?stats=running&interval=1', controller.signal);
    let text = '';
    const decoder = new TextDecoder();
    const dataOf = (event: string): Json[] =>
      [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)]
        .filter(([, type]) => type === event)
        .map(([, , data = '']) => JSON.parse(data) as Json);
    const statistics = (): Json | undefined =>
      dataOf('stats')
        .flatMap(({ machines }) => machines as Json[])
        .find(({ rate }) => rate !== null);
    for await (const bytes of body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      if (statistics()) break;
    }
    controller.abort();
    const { machines } = JSON.parse((await home.vmlet('ls', '--json')).stdout) as Json;
    expect(dataOf('machines')).toEqual([{ machines }]);
    const { stdout } = await home.vmlet('stats', 'running', '--json', '--no-stream');
    expect(shapeOf(statistics())).toEqual(shapeOf(JSON.parse(stdout)));
  });

  test('is compared for every resource', () => {
    const resources = ROUTES.filter(({ method }) => method === 'GET').map(({ path }) => path);
    expect([...COMPARISONS.map(({ route }) => route), ...WITHOUT_COMMAND].sort()).toEqual(resources.sort());
  });
});

/** Names of fields, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return 'a value';
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]));
}

/** The same without these fields of its values, or of the entries of its lists. */
function without(answer: Json, names: readonly string[]): Json {
  const bare = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
      : value;
  if (names.length === 0) return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(bare) : bare(value),
    ]),
  );
}
