import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import { directoryIn, temporaryDirectory } from '../directory.ts';
import { Publisher, sha256, webEntry } from '../publisher.ts';
import { until } from '../until.ts';
import { type Finished, VMLET, copyCompiledCode, returnCompiledCode, start } from './command.ts';
import { Terminal } from './named/terminal.ts';

/** The verbs of images through the built command, with the test’s own publisher and catalogue. */

const FILE = '/web/web.qcow2';
const parent = temporaryDirectory();
let disk: Buffer;
let directory: string;
let environment: NodeJS.ProcessEnv;
let publisher: Publisher;

beforeAll(() => {
  const path = join(parent, 'disk.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, '16M']);
  execFileSync('qemu-io', ['-c', 'write -P 7 0 1M', path]);
  disk = readFileSync(path);
});

beforeEach(async () => {
  publisher = await Publisher.start();
  directory = directoryIn(parent, 'verbs-');
  environment = { HOME: directory, XDG_RUNTIME_DIR: join(directory, 'run') };
  for (const kind of ['DATA', 'CONFIG', 'CACHE', 'STATE']) {
    environment[`XDG_${kind}_HOME`] = join(directory, kind.toLowerCase());
  }
  copyCompiledCode(join(directory, 'cache/vmlet'));
  mkdirSync(join(directory, 'run'), { mode: 0o700 });
  mkdirSync(join(directory, 'config/vmlet'), { recursive: true });
  const entry = {
    ...webEntry(publisher),
    description: 'a server for tests',
    aliases: ['web'],
    unconfirmed: ['cpu'],
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'config/vmlet/images.yaml'), JSON.stringify({ images: { 'web:1': entry } }));
  publisher.publish(FILE, disk);
  publisher.publish('/web/SHA256SUMS', `${sha256(disk)}  web.qcow2\n`, 'text/plain');
});

afterEach(async () => {
  returnCompiledCode(join(directory, 'cache/vmlet'));
  await publisher[Symbol.asyncDispose]();
});

async function vmlet(...args: string[]): Promise<Finished> {
  return start(args, { env: environment, cwd: directory }).finished;
}

async function succeed(...args: string[]): Promise<string> {
  const finished = await vmlet(...args);
  expect(finished, args.join(' ')).toMatchObject({ status: 0 });
  return finished.stdout;
}

const imageSchema = z.looseObject({
  digest: z.string(),
  names: z.array(z.string()),
  verification: z.string().optional(),
  origin: z.looseObject({ kind: z.string() }),
});

async function inspect(name: string): Promise<z.infer<typeof imageSchema>> {
  const { images } = z
    .object({ version: z.literal(1), images: z.array(imageSchema) })
    .parse(JSON.parse(await succeed('image', 'inspect', name)));
  const [image] = images;
  if (!image) throw new Error('nothing was inspected');
  return image;
}

it('find, pull, list, tag and remove an image of the catalogue', async () => {
  expect(await succeed('search', 'FOR TESTS')).toMatch(
    /^NAME.*\nweb:1 +web +digest +x86_64 +a server for tests \(your own\); catalogue data that may be wrong: cpu\n$/,
  );
  expect(await succeed('image', 'search', '-q', 'nothing like it')).toBe('');
  expect((await succeed('image', 'ls', '--remote', '-q')).split('\n')).toEqual(
    expect.arrayContaining(['web:1', 'debian:13', 'fedora:43']),
  );

  const pulled = await vmlet('pull', 'web');
  expect(pulled).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) as string,
  });
  // Not a terminal: one line for each phase, and no control character but line ends.
  expect(pulled.stderr).toBe(
    'web: looking for the image\nweb: downloading\nweb: checking\nvmlet: pulled web, verified by its digest\n',
  );
  const fetched = publisher.count(FILE);
  expect(await vmlet('image', 'pull', '-q', 'web:1')).toEqual({
    status: 0,
    signal: undefined,
    stdout: pulled.stdout,
    stderr: '',
  });
  expect(publisher.count(FILE)).toBe(fetched);

  expect(await succeed('image', 'ls')).toMatch(
    /^NAME +DIGEST +ORIGIN +VERIFIED +SIZE +DISK +CREATED\nweb web:1 +[0-9a-f]{12} +pulled +digest +1.3 MiB +16 MiB +20\S+ \S+\n$/,
  );
  expect(await succeed('image', 'ls', 'other')).toMatch(/^NAME.*\n$/);
  const id = (await succeed('image', 'ls', '-q', 'web')).trim();
  expect(await inspect(id)).toMatchObject({
    names: ['web', 'web:1'],
    verification: 'digest',
    guest: { user: 'someone' },
    origin: { kind: 'pulled', url: `${publisher.url}${FILE}`, publishedDigest: `sha256:${sha256(disk)}` },
  });
  expect(await succeed('image', 'tag', 'web', 'mine', 'mine:2')).toBe('mine\nmine:2\n');
  expect(await succeed('image', 'rm', 'web', 'web:1', 'mine')).toBe(
    'Untagged: web\nUntagged: web:1\nUntagged: mine\n',
  );
  const gone = await succeed('image', 'rm', id);
  expect(gone).toBe(`Untagged: mine:2\nDeleted: ${pulled.stdout}`);

  const missing = await vmlet('image', 'rm', 'web');
  expect(missing).toMatchObject({ status: 125, stdout: '' });
  expect(missing.stderr).toMatch(/^vmlet: no such image: web\n/);
  expect(await succeed('image', 'rm', '--ignore', 'web')).toBe('');
  const several = await vmlet('image', 'inspect', 'web', 'web:1');
  expect(several).toMatchObject({ status: 125, stdout: '{\n  "version": 1,\n  "images": []\n}\n' });
});

it('pull downloads from a URL, and leaves nothing if the digest does not match', async () => {
  const address = `${publisher.url}/web/web.qcow2`;
  const wrong = await vmlet('pull', address, '--name', 'own', '--digest', `sha256:${'0'.repeat(64)}`);
  expect(wrong).toMatchObject({ status: 125, stdout: '' });
  expect(wrong.stderr).toMatch(/^own: downloading\nvmlet: .*sha256/);
  publisher.publish('/page', '<!DOCTYPE html><html>not what you wanted \u001b[2J</html>', 'text/html');
  const page = await vmlet('pull', '-q', `${publisher.url}/page`, '--name', 'own');
  expect(page.status).toBe(125);
  expect(page.stderr).not.toContain('\u001b');
  expect(await succeed('image', 'ls', '-q')).toBe('');
  expect(readdirSync(join(directory, 'data/vmlet/images')).filter((name) => name !== '.lock')).toEqual([]);

  const digest = `sha256:${sha256(disk)}`;
  const args = ['--name', 'own:1', '--firmware', 'uefi', '--provisioner', 'none', '--user', 'me'];
  await succeed('pull', address, '--digest', digest, ...args);
  expect(await inspect('own:1')).toMatchObject({
    verification: 'digest',
    guest: { user: 'me', firmware: 'uefi', cpu: 'x86-64', provisioner: 'none', agent: false },
  });
  const bare = await vmlet('pull', '-q', address, '--name', 'bare');
  expect(bare.stderr).toBe(
    'vmlet: image "bare" was not verified; to verify it, pull it again with the digest from its publisher: --digest sha256:…\n',
  );
  expect((await inspect('bare')).verification).toBe('none');
});

it.each([
  [['pull', 'web:2'], /no such image: web:2\n {2}did you mean web:1/],
  [['pull', '--any-size', 'web:2'], /no such image: web:2/],
  [
    ['pull', './disk.qcow2'],
    /contains a slash, so it is not the name of an image\n.*vmlet image import FILE NAME/,
  ],
  [
    ['pull', 'example.org/web.qcow2', '--name', 'web'],
    /image: "example.org\/web.qcow2" contains a slash.*\n.*a web address begins with https:\/\//,
  ],
  [['pull', 'https://localhost/x'], /name: required for an image from a URL/],
  [['pull', 'web', '--digest', 'sha256:1'], /digest: applies only to images from a URL/],
  [['pull', 'ftp://localhost/x', '--name', 'x'], /expected http or https/],
  [
    ['pull', 'http://localhost/x', '--name', 'x', '--digest', 'md5:1'],
    /use the sha256:… or sha512:… digest that/,
  ],
  [['pull', 'micro'], /vmlet image build micro/],
  [['image', 'import', 'nowhere.qcow2', 'x'], /no such file: /],
  [['image', 'import', 'https://localhost/x', 'x'], /vmlet pull https:..localhost.x --name x/],
  [['image', 'export', 'nothing', 'x'], /no such image: nothing/],
  [['image', 'export', 'nothing', '-'], /cannot be written to standard output/],
  [['image', 'tag', 'nothing', 'x'], /no such image: nothing/],
  [['image', 'export', 'nothing', 'x', '--format', 'zip'], /expected qcow2, raw, vmdk, vdi, vhdx or vhd/],
])('vmlet %j reports its problem in one sentence', async (args, sentence) => {
  const { status, stdout, stderr } = await vmlet(...args);
  expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toContain('please report');
});

it('import and export work, a needed image is not removed, and the disk usage is shown', async () => {
  writeFileSync(join(directory, 'disk.qcow2'), disk);
  execFileSync('gzip', ['-k', 'disk.qcow2'], { cwd: directory });
  const imported = await vmlet('image', 'import', 'disk.qcow2.gz', 'own');
  expect(imported.stderr).toBe('own: unpacking\nown: checking\n');
  expect(await succeed('image', 'export', 'own', 'out.vmdk')).toBe(`${join(directory, 'out.vmdk')}\n`);
  expect(
    execFileSync('qemu-img', ['compare', '-f', 'qcow2', '-F', 'vmdk', 'disk.qcow2', 'out.vmdk'], {
      cwd: directory,
      encoding: 'utf8',
    }),
  ).toBe('Images are identical.\n');
  const again = await vmlet('image', 'export', 'own', 'out.vmdk');
  expect(again).toMatchObject({ status: 125, stderr: expect.stringContaining('--force') as string });
  await succeed('image', 'export', '--force', '--format', 'qcow2', '--compress', 'own', 'out.vmdk');
  expect(statSync(join(directory, 'out.vmdk')).size).toBeLessThan(disk.length);

  await succeed('create', 'm', '--image', 'own', '-m', '64M');
  // Its seed installs the agent.
  expect(await succeed('start', '--dry-run', 'm')).toContain('ProxyCommand');
  const refused = await vmlet('image', 'rm', 'own');
  expect(refused).toMatchObject({ status: 125, stdout: '' });
  expect(refused.stderr).toMatch(/^vmlet: image "own" is in use by machine "m"\n/);
  expect(await vmlet('image', 'prune', '--all')).toMatchObject({ status: 0, stdout: '' });

  await succeed('pull', '-q', 'web');
  const partials = join(directory, 'cache/vmlet/downloads');
  mkdirSync(partials, { recursive: true });
  writeFileSync(join(partials, 'x.part'), 'half of it');
  // Its name contains its owner: a process of another boot.
  const unfinished = '.building-1-1-00000000-0000-0000-0000-000000000000-x';
  mkdirSync(join(directory, 'data/vmlet/images', unfinished));
  const table = await succeed('system', 'df');
  expect(table).toMatch(
    /^TYPE +TOTAL +ACTIVE +SIZE +ON HOST +RECLAIMABLE\nImages +2 +1 .*\nTemplates +0 .*\nKept guests +0 .*\nMachines +1 +0 /,
  );
  expect(table).toMatch(/\nDownloads +1 +0 +10 B /);
  const { usage } = z
    .object({ usage: z.array(z.looseObject({ kind: z.string(), reclaimableBytes: z.number() })) })
    .parse(JSON.parse(await succeed('system', 'df', '--json')));
  expect(usage.find(({ kind }) => kind === 'images')?.reclaimableBytes).toBeGreaterThan(1024 ** 2);
  const id = (await succeed('image', 'ls', '--json', 'web')).match(/"digest": "([0-9a-f]+)"/)?.[1] ?? '';
  const dry = await vmlet('system', 'prune', '--all', '--dry-run');
  expect(dry.stdout).toBe(`x\n${unfinished}\nsha256:${id} web web:1\n`);
  expect(dry.stderr).toMatch(/^vmlet: would remove 2 leftovers, .*\nvmlet: would remove 1 image, 1.3 MiB\n/);
  expect(existsSync(join(partials, 'x.part'))).toBe(true);
  expect((await vmlet('system', 'prune', '--all')).stdout).toBe(dry.stdout);
  expect(existsSync(join(partials, 'x.part'))).toBe(false);
  expect(readdirSync(join(directory, 'data/vmlet/images'))).not.toContain(unfinished);
  expect((await succeed('image', 'ls', '-q')).trim().split('\n')).toHaveLength(1);
});

it.each([
  ['image', 'rm', 'web:1'],
  ['image', 'tag', 'web:1', 'other'],
  ['image', 'prune'],
])('%s %s says that it waits for a process that is changing the images', async (...args) => {
  await succeed('pull', 'web');
  const holder = spawn('flock', [join(directory, 'data/vmlet/images/.lock'), 'sh', '-c', 'echo; read line']);
  await once(holder.stdout, 'data');
  const waiting = start(args, { env: environment, cwd: directory });
  await until(() => waiting.stderr().includes('vmlet: waiting for another process'));
  holder.stdin.end();
  expect(await waiting.finished).toMatchObject({ status: 0 });
});

it('a prune removes only the images that it has asked about', async () => {
  writeFileSync(join(directory, 'disk.qcow2'), disk);
  await succeed('image', 'import', '-q', 'disk.qcow2', 'own');
  using terminal = new Terminal({ path: directory, environment });
  terminal.run(`${process.execPath} ${VMLET} image prune --all`);
  await terminal.shows(/Remove the images own\?/);
  await succeed('pull', '-q', 'web');
  terminal.press('y', 'Enter');
  await terminal.shows(/^left with 0$/);
  expect(await succeed('image', 'ls')).toMatch(/^NAME.*\nweb web:1 .*\n$/);
});

it('completion offers local images and images that can be pulled', async () => {
  writeFileSync(join(directory, 'disk.qcow2'), disk);
  await succeed('image', 'import', '-q', 'disk.qcow2', 'own');
  const complete = async (...words: string[]): Promise<string> => succeed('__complete', '--', ...words);
  expect(await complete('pull', 'we')).toMatch(/web:1\ta server for tests\n/);
  expect(await complete('image', 'rm', '')).toMatch(/^own\timage/m);
  expect(await complete('image', 'rm', '')).not.toContain('web:1');
  expect(await complete('create', '--image', '')).toMatch(/^own\timage[^]*^web:1\t/m);
  expect(await complete('system', 'prune', '--')).toContain('--dry-run');
});
