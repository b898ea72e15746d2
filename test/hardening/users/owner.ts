/**
 * tsx owner.ts DIRECTORY GUESTS: a user with umask 0 creates everything that vmlet creates for one, at once; with
 * GUESTS `none`, everything that needs no booting guest. Prints the locations as one line of JSON, and keeps them until
 * its input ends.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listenOnLoopback } from '../../../fixtures/http/loopback.ts';
import { createNetwork, createPool, createTemplate, launch } from '../../../src/index.ts';
import { openDoors } from '../../../src/testing/guests/guest-doors.ts';
import { writeFailureBundle } from '../../../src/testing/bundle/failure-bundle.ts';
import { Scope } from '../../../src/util/scope.ts';

const VMLET = join(import.meta.dirname, '../../../dist/bin/vmlet.js');
const SMALL = ['-m', '64M', '--cpus', '1'];
const start = promisify(execFile);

const [directory, guests] = process.argv.slice(2);
if (directory === undefined) throw new TypeError('DIRECTORY GUESTS');
const work = join(directory, 'work');
mkdirSync(work);
process.umask(0);
process.chdir(work);

const scope = new Scope();
try {
  await makeNamedMachines();
  await pullForever();
  if (guests !== 'none') await makeGuests();
  console.log('ready');
  process.stdin.resume();
  await once(process.stdin, 'end');
} finally {
  await scope.close();
}

async function vmlet(...words: string[]): Promise<void> {
  await start(process.execPath, [VMLET, ...words]);
}

/** With a screen, a TPM, a seed, forwards and saved memory; they boot an empty disk. */
async function makeNamedMachines(): Promise<void> {
  const disk = join(work, 'disk.raw');
  writeFileSync(disk, Buffer.alloc(1024 * 1024), { mode: 0o600 });
  writeFileSync(join(work, 'secret'), 'a password', { mode: 0o600 });
  scope.defer(async () => vmlet('kill', 'web'));
  await vmlet('create', 'saved', ...SMALL, '--image', disk, '--net', 'none', '--start');
  await vmlet('save', 'saved');
  const seed = ['--cloud-init', '--file', `${join(work, 'secret')}:/root/secret:0600`];
  await vmlet(
    'create',
    'web',
    ...SMALL,
    '--image',
    disk,
    '--disk',
    '1M',
    '--tpm',
    '-p',
    '8080',
    ...seed,
    '--start',
  );
}

/** Pulls from a server that stops in the middle of its answer. */
async function pullForever(): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 1024 * 1024 }).write(Buffer.alloc(1000));
    server.emit('asked');
  });
  const port = await listenOnLoopback(server, scope);
  const pull = spawn(
    process.execPath,
    [VMLET, 'pull', `http://127.0.0.1:${port}/disk.raw`, '--name', 'endless'],
    {
      stdio: ['ignore', 'inherit', 2],
    },
  );
  scope.defer(async () => {
    const gone = once(pull, 'exit');
    pull.kill('SIGKILL');
    await gone;
  });
  await once(server, 'asked');
}

/** A throw-away machine in a private network, whose test failed and was paused; a template, a fork of it, and a pool. */
async function makeGuests(): Promise<void> {
  const network = createNetwork();
  scope.defer(async () => network[Symbol.asyncDispose]());
  const machine = await launch({ networks: [network], ports: ['80'], disks: ['1M'] });
  scope.defer(async () => {
    await machine.kill();
  });
  await openDoors(machine, scope);
  await writeFailureBundle({ vm: { machine } }, join('test-results', 'vmlet', 'a test'));
  const template = await createTemplate({ name: 'booted', networkCards: 1 });
  const fork = await template.fork({ networks: [network] });
  scope.defer(async () => {
    await fork.kill();
  });
  const pool = createPool(template, { size: 1 });
  scope.defer(async () => pool[Symbol.asyncDispose]());
  await pool.full();
}
