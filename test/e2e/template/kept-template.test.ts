import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdFreeLock } from '../../../src/process/lock/transient-lock.ts';
import { Scope } from '../../../src/util/scope.ts';
import { directoryIn, temporaryDirectory } from '../../directory.ts';
import { type Finished, copyCompiledCode, start } from '../command.ts';
import { until } from '../../until.ts';
import { copyProbedHost } from '../probed-host.ts';

/** Templates that begin as forks of kept guests, in a cache and a data directory with the image of this host. */

const MEMORY = ['--memory', '96M'];
const directory = temporaryDirectory();
const cache = directoryIn(directory, 'cache-');
const env = { XDG_CACHE_HOME: cache, VMLET_FRESH: '' };
const guests = join(cache, 'vmlet/guests');
const prefix = `kept-${process.pid}`;
const made: string[] = [];

beforeAll(() => {
  copyProbedHost(join(cache, 'vmlet'));
  copyCompiledCode(join(cache, 'vmlet'));
});

afterAll(async () => {
  for (const name of made) await start(['template', 'rm', '--ignore', name], { env }).finished;
});

async function vmlet(...words: string[]): Promise<Finished> {
  const finished = await start(words, { env }).finished;
  expect({ words, status: finished.status, stderr: finished.status === 0 ? '' : finished.stderr }).toEqual({
    words,
    status: 0,
    stderr: '',
  });
  return finished;
}

interface Created {
  readonly name: string;
  readonly origin: 'boot' | 'boot, kept' | 'fork';
  /** Number of machines that ran. */
  readonly machines: number;
}

async function create(label: string, ...flags: string[]): Promise<Created> {
  const name = `${prefix}-${label}`;
  made.push(name);
  const run = ['--run', 'hostname >/root/name; echo warm >/root/mark; (sleep 10000 &)'];
  const { stderr } = await vmlet('template', 'create', '--debug', ...MEMORY, ...run, ...flags, name);
  const machines = stderr.match(/"started QEMU"/g)?.length ?? 0;
  if (stderr.includes('"forked a kept guest"')) return { name, origin: 'fork', machines };
  return { name, origin: stderr.includes('"kept the booted guest"') ? 'boot, kept' : 'boot', machines };
}

/** The directories of the kept guests: a guest that is kept again has another one. */
function kept(): string[] {
  if (!existsSync(guests)) return [];
  return readdirSync(guests)
    .filter((name) => !name.startsWith('.'))
    .map((name) => readlinkSync(join(guests, name)));
}

async function inTemplate(name: string, script: string): Promise<string[]> {
  const { stdout } = await vmlet('run', '--template', name, '--', 'sh', '-c', script);
  return stdout.trim().split('\n');
}

async function directoryOf(name: string): Promise<string> {
  const { stdout } = await vmlet('template', 'inspect', name);
  return (JSON.parse(stdout) as { templates: [{ directory: string }] }).templates[0].directory;
}

async function recordOf(name: string): Promise<string> {
  return readFileSync(join(await directoryOf(name), 'template.json'), 'utf8');
}

/** Its record, and the devices of its forks, without what every template has for itself. */
async function definitionOf(name: string): Promise<unknown> {
  const {
    basis,
    plan: all,
    ...record
  } = JSON.parse(await recordOf(name)) as Record<string, unknown> & {
    basis: Record<string, string>;
    plan: Record<string, unknown> & { directory: { storage: string }; network: { guest: { mac: string } } };
  };
  const { hardware: _hardware, ...files } = basis;
  // Forks have their own.
  const { directory: places, incoming: _incoming, memory: _memory, ...plan } = all;
  const { stdout: script } = await vmlet('run', '--dry-run', '--template', name);
  const devices = script.match(/-device ('[^']*'|\S+)/g);
  expect(devices?.length).toBeGreaterThan(5);
  const text = JSON.stringify({ ...record, createdAt: '', inputs: '', files, plan, devices })
    .replaceAll(places.storage, 'STORAGE')
    .replaceAll(plan.network.guest.mac, 'MAC')
    .replaceAll(name, 'NAME');
  return JSON.parse(text);
}

describe('a template that is created with --kept', () => {
  let first: Created;
  let second: Created;
  let booted: Created;
  beforeAll(async () => {
    first = await create('first', '--kept');
    const [guest] = kept();
    second = await create('second', '--kept');
    expect(kept()).toEqual([guest]);
    booted = await create('booted');
  });

  it('boots a guest and keeps it the first time, and then forks it', async () => {
    expect(first).toMatchObject({ origin: 'boot, kept', machines: 2 });
    expect(second).toMatchObject({ origin: 'fork', machines: 1 });
    expect(booted).toMatchObject({ origin: 'boot', machines: 1 });
    // It is the guest that runs keep.
    expect((await vmlet('run', '--debug', ...MEMORY, 'micro', 'true')).stderr).toContain(
      '"forked a kept guest"',
    );
    expect(kept()).toHaveLength(1);
  });

  it('equals one that has booted', async () => {
    expect(await definitionOf(second.name)).toEqual(await definitionOf(booted.name));
    const guest =
      'cat /root/name /root/mark; echo $(ps -o comm); mount; ls -A / /root /run /etc; cat /etc/resolv.conf; ' +
      'ip -o addr | grep -c .; lsmod | cut -d " " -f 1 | sort; sed "/$(hostname)/d" /etc/hosts';
    const looks = async ({ name }: Created) => {
      const [own, mark, processes = '', ...others] = await inTemplate(name, guest);
      // Those of the kernel come and go.
      const programs = processes.split(' ').filter((word) => !/^k|\//.test(word));
      return [own?.replace(name, 'NAME'), mark, programs.sort(), ...others];
    };
    const expected = await looks(booted);
    expect(expected.slice(0, 2)).toEqual(['NAME', 'warm']);
    expect(await looks(second)).toEqual(expected);
    expect(await looks(first)).toEqual(expected);
  });

  it('has forks that share nothing with those of other templates of the same guest', async () => {
    const identity =
      'head -c 16 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id ' +
      '/sys/class/net/eth0/address; hostname; echo $(($(date +%s) / 60))';
    const all = [];
    for (const { name } of [first, second, second]) {
      const lines = await inTemplate(name, identity);
      expect(Math.abs(Number(lines[5]) - Date.now() / 60_000)).toBeLessThan(2);
      all.push(lines);
    }
    for (const line of [0, 1, 2, 3, 4]) expect(new Set(all.map((lines) => lines[line])).size).toBe(3);
  });

  it('is reused in place of one that has booted, and the other way round', async () => {
    expect(await create('second', '--reuse')).toMatchObject({ machines: 0 });
    expect(await create('booted', '--reuse', '--kept')).toMatchObject({ machines: 0 });
  });

  it('can have spare network cards, and boots when it has disks', async () => {
    expect(await create('cards', '--kept', '--network-cards', '1')).toMatchObject({ origin: 'boot, kept' });
    const cards = await create('more-cards', '--kept', '--network-cards', '1');
    expect(cards.origin).toBe('fork');
    expect(await inTemplate(cards.name, 'ls -d /sys/class/net/eth* | wc -l')).toEqual(['2']);
    const disk = await create('disk', '--kept', '--disk', '1M');
    expect(disk).toMatchObject({ origin: 'boot', machines: 1 });
    expect(await inTemplate(disk.name, 'cat /sys/block/vda/size')).toEqual(['2048']);
    expect(kept()).toHaveLength(2);
  });

  /** Runs with a `cp` that writes `started` and then copies nothing. */
  async function withCp(script: string, work: (started: string) => Promise<void>): Promise<void> {
    const programs = directoryIn(directory, 'programs-');
    const started = join(programs, 'started');
    writeFileSync(join(programs, 'cp'), `#!/bin/sh\n: >${started}\n${script}\n`, { mode: 0o755 });
    Object.assign(env, { PATH: `${programs}:${process.env['PATH'] ?? ''}` });
    try {
      await work(started);
    } finally {
      Object.assign(env, { PATH: process.env['PATH'] });
    }
  }

  it('leaves the kept guest in place when there is no space for its copy', async () => {
    const before = kept();
    const script = 'echo "cp: error writing: No space left on device" >&2; exit 1';
    await withCp(script, async () => {
      const command = ['template', 'create', '--debug', ...MEMORY, '--kept', `${prefix}-full`];
      const { status, stderr } = await start(command, { env }).finished;
      expect(status).not.toBe(0);
      expect(stderr).toContain('no space left on device');
      expect(stderr).not.toContain('booting');
    });
    expect(kept()).toEqual(before);
    expect(await create('space-again', '--kept')).toMatchObject({ origin: 'fork' });
  });

  it('stops copying the kept guest at once when it is interrupted', async () => {
    const before = kept();
    await withCp('exec sleep 10000', async (started) => {
      const creating = start(['template', 'create', ...MEMORY, '--kept', `${prefix}-stopped`], { env });
      await until(() => existsSync(started));
      creating.process.kill('SIGINT');
      expect(await creating.finished).toMatchObject({ status: 130 });
    });
    expect(kept()).toEqual(before);
  });

  it('boots when the kept guest is damaged and cannot be kept again', async () => {
    for (const guest of kept()) writeFileSync(join(guest, 'state'), 'nonsense');
    // As if other processes were keeping the guests.
    await using scope = new Scope();
    for (const key of readdirSync(guests).filter((name) => !name.startsWith('.'))) {
      expect(await holdFreeLock(join(guests, `.${key}.lock`), scope)).toBe(true);
    }
    const again = await create('again', '--kept');
    expect(again).toMatchObject({ origin: 'boot', machines: 2 });
    expect(await inTemplate(again.name, 'cat /root/mark')).toEqual(['warm']);
  });

  it('does not need the kept guest any more', async () => {
    rmSync(guests, { recursive: true });
    expect(await recordOf(second.name)).not.toContain(guests);
    expect(await inTemplate(second.name, 'cat /root/mark')).toEqual(['warm']);
    expect((await vmlet('template', 'ls')).stdout).toMatch(new RegExp(`^${second.name} .* ready$`, 'm'));
  });
});
