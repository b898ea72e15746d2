import { mkdir } from 'node:fs/promises';
import { type LaunchOptions, type Machine, launch } from '../../../src/index.ts';
import { readProcessMemory } from '../../../src/machine/logs/process-usage.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { KeptGuests } from '../../../src/template/kept/kept-guests.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { alternate } from '../measurement/alternate.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import type { Section } from '../section.ts';

const MEBIBYTE = 1024 ** 2;
/** Each is kept for itself. */
const GUESTS: readonly (readonly [string, LaunchOptions])[] = [
  ['--memory 96M', { memory: '96M' }],
  ['--memory 128M', { memory: '128M' }],
  ['(256M, 1 processor)', {}],
  ['--memory 512M', { memory: '512M' }],
  ['--memory 1G', { memory: '1G' }],
  ['--memory 2G', { memory: '2G' }],
  ['--cpus 2', { cpus: 2 }],
  ['--cpus 4', { cpus: 4 }],
  ['--net none', { net: 'none' }],
  ['--append loglevel=7', { append: 'loglevel=7' }],
];

interface KeptSize {
  readonly name: string;
  /** Allocated by the files of the kept guest, in bytes. */
  readonly diskBytes: number;
  /** Sum of the sizes of these files, in bytes. */
  readonly apparentBytes: number;
  /** Proportional set sizes of the QEMU of each fork, in bytes. */
  readonly pssBytes: readonly number[];
}

export const tenKept: Section = {
  title:
    'ten kept guests of micro: disk space of each, and memory (PSS) of QEMU in a fork that has run one command',
  rounds: 5,
  async run(rounds) {
    const { cache } = ownLocations();
    await mkdir(cache, { recursive: true, mode: 0o700 });
    const { path: own, remove } = makeTemporaryDirectory(cache, 'bench-');
    const { XDG_CACHE_HOME, VMLET_KEPT_SIZE } = process.env;
    // The user's kept guests stay, and a small disk does not limit these.
    Object.assign(process.env, { XDG_CACHE_HOME: own, VMLET_KEPT_SIZE: '1T' });
    try {
      const disks: Pick<KeptSize, 'diskBytes' | 'apparentBytes'>[] = [];
      for (const [, options] of GUESTS) disks.push(await keep(options));
      const samples = await alternate(
        GUESTS.map(([name, options]) => ({ name, measure: async () => memoryOfFork(options) })),
        rounds,
      );
      const sizes = GUESTS.map(([name], index): KeptSize => ({
        name,
        ...disks[index]!,
        pssBytes: samples[index] ?? [],
      }));
      const together = await memoryTogether();
      const text = [...sizes.map(describe), describeAll(sizes, together)].join('\n');
      return { text, data: { guests: sizes, together } };
    } finally {
      restore({ XDG_CACHE_HOME, VMLET_KEPT_SIZE });
      remove();
    }
  },
};

/** Boots a guest and keeps it. */
async function keep(options: LaunchOptions): Promise<Pick<KeptSize, 'diskBytes' | 'apparentBytes'>> {
  const before = new Set(kept().map(({ key }) => key));
  await using machine = await launch({ ...options, kept: 'use' });
  await runOne(machine);
  const [guest] = kept().filter(({ key }) => !before.has(key));
  if (!guest) throw new Error('the guest was not kept: there may be too little space');
  return { diskBytes: guest.hostBytes, apparentBytes: guest.apparentBytes };
}

function kept() {
  return new KeptGuests(ownLocations()).list();
}

async function forkOf(options: LaunchOptions): Promise<Machine> {
  const machine = await launch({ ...options, kept: 'use' });
  if (machine.origin === 'kept') return machine;
  await machine.kill();
  throw new Error('the kept guest was not used');
}

async function runOne(machine: Machine): Promise<void> {
  const { exitCode } = await machine.exec(['true']);
  if (exitCode !== 0) throw new Error(`true ended with ${exitCode}`);
}

async function memoryOfFork(options: LaunchOptions): Promise<number> {
  await using machine = await forkOf(options);
  await runOne(machine);
  return await memoryOf(machine);
}

async function memoryOf({ pid }: Machine): Promise<number> {
  return (await readProcessMemory(pid))?.pssBytes ?? NaN;
}

/** Runs a fork of each at the same time. @returns the memory of each. */
async function memoryTogether(): Promise<number[]> {
  const machines: Machine[] = [];
  try {
    for (const [, options] of GUESTS) {
      const machine = await forkOf(options);
      machines.push(machine);
      await runOne(machine);
    }
    return await Promise.all(machines.map(memoryOf));
  } finally {
    await Promise.all(machines.map(async (machine) => machine.kill()));
  }
}

function restore(environment: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
}

function describe({ name, diskBytes, apparentBytes, pssBytes }: KeptSize): string {
  const memory = describeTimes(
    pssBytes.map((bytes) => bytes / MEBIBYTE),
    'MiB',
  );
  return `${name.padEnd(20)} disk ${mebibytes(diskBytes)} of ${mebibytes(apparentBytes)}  fork ${memory}`;
}

function describeAll(sizes: readonly KeptSize[], together: readonly number[]): string {
  const disk = sum(sizes.map(({ diskBytes }) => diskBytes));
  const memory = sum(sizes.map(({ pssBytes }) => median(pssBytes)));
  return (
    `all ten              disk ${mebibytes(disk)}; forks one after the other ${mebibytes(memory)}, ` +
    `at the same time ${mebibytes(sum(together))}`
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((one, other) => one + other, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
}
