import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../../fixtures/agent/random.ts';
import type { GuestAgent } from '../../../src/guest/agent/agent.ts';
import { run } from '../../../src/process/run.ts';
import type { VmletChannel } from '../../../src/machines/index.ts';
import { Scope } from '../../../src/util/scope.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import type { HardeningOptions } from '../section.ts';
import { linesOf } from './guest-writer.ts';
import { until } from '../../until.ts';

const DISK_BYTES = 2 ** 30;
const RECORD_BYTES = 8192;
/** Unused space between records makes a qcow2 allocate a new cluster for nearly each. */
const STRIDE = 5;
/** The guest’s names of the disks: an overlay, a standalone qcow2, a raw file. */
const DISKS = ['vda', 'vdb', 'vdc'];
const LATEST_KILL_MS = 1500;

/** A record that the guest has reported as written and flushed. */
interface Reported {
  readonly disk: string;
  readonly number: number;
}

export interface PowerLossResult {
  readonly kills: number;
  readonly killsHeld: number;
  readonly records: number;
  readonly recordsHeld: number;
  readonly faults: readonly string[];
}

/** Kills QEMU while its guest writes and flushes, starts it on the same disks, and checks for the reported records. */
export async function losePower(rounds: number, options: HardeningOptions): Promise<PowerLossResult> {
  const { log, signal } = options;
  const random = new Random(options.seed);
  await using scope = new Scope();
  const home = await makeHome();
  scope.defer(async () => home.close());
  await home.store.create({
    name: 'm',
    image: 'micro',
    memory: '128M',
    net: 'none',
    disks: [
      `${sparse(home, 'base')},format=raw`,
      String(DISK_BYTES),
      `${sparse(home, 'own')},format=raw,adopt`,
    ],
  });
  const all: Reported[] = [];
  const faults: string[] = [];
  let [killsHeld, next] = [0, 0];
  let before: readonly Reported[] = [];
  for (let round = 0; ; round++) {
    signal?.throwIfAborted();
    const live = await home.store.get('m').start();
    const channel = (await live.openGuest({ ...options, timeoutMs: 120_000 })) as VmletChannel;
    scope.defer(async () => channel[Symbol.asyncDispose]());
    const lost = await lostRecords(channel.agent, before);
    faults.push(...lost.map(({ disk, number }) => `kill ${round}: record ${number} of ${disk} is not there`));
    if (round > 0 && lost.length === 0) killsHeld++;
    if (round === rounds) {
      const gone = await lostRecords(channel.agent, all);
      faults.push(...gone.map(({ disk, number }) => `at the end: record ${number} of ${disk} is not there`));
      return { kills: rounds, killsHeld, records: all.length, recordsHeld: all.length - gone.length, faults };
    }
    const writer = channel.agent.exec(['sh', '-c', writerScript(next)], { stdin: 'empty' });
    const said = linesOf(writer);
    await until(() => said.length > 0, { signal });
    await delay(random.below(LATEST_KILL_MS));
    await killQemu(home);
    await writer.catch(() => undefined);
    before = said.map((line) => {
      const [disk = '', number] = line.split(' ');
      return { disk, number: Number(number) };
    });
    log(`kill ${round + 1} after ${before.length} records`);
    all.push(...before);
    // Records in flight may exist or not.
    next += before.length + 1;
    faults.push(...(await corruptDisks(home)).map((problem) => `kill ${round + 1}: ${problem}`));
  }
}

function sparse({ path }: Home, name: string): string {
  const file = join(path, `${name}.raw`);
  writeFileSync(file, '');
  truncateSync(file, DISK_BYTES);
  return file;
}

function writerScript(first: number): string {
  return `n=${first}
while :; do
  for disk in ${DISKS.join(' ')}; do
    printf '%0${RECORD_BYTES}d' $n > /record
    dd if=/record of=/dev/$disk bs=${RECORD_BYTES} seek=$((n * ${STRIDE})) conv=fsync,notrunc 2> /dev/null || exit 9
    echo $disk $n
    n=$((n + 1))
  done
done`;
}

async function lostRecords(agent: GuestAgent, records: readonly Reported[]): Promise<Reported[]> {
  const reader = agent.exec(
    [
      'sh',
      '-c',
      `while read disk n; do dd if=/dev/$disk bs=${RECORD_BYTES} skip=$((n * ${STRIDE})) count=1 2> /dev/null | sha256sum; done`,
    ],
    { input: records.map(({ disk, number }) => `${disk} ${number}\n`).join('') },
  );
  const digests = linesOf(reader);
  await reader;
  return records.filter(({ number }, index) => {
    const content = String(number).padStart(RECORD_BYTES, '0');
    return digests[index]?.split(' ')[0] !== createHash('sha256').update(content).digest('hex');
  });
}

/** Leaked clusters may remain (status 3): wasted space, but harmless. */
async function corruptDisks({ store }: Home): Promise<string[]> {
  const disks = (await store.get('m').disks()).filter(({ format }) => format === 'qcow2');
  const checks = await Promise.all(
    disks.map(async ({ path }) =>
      run(['qemu-img', 'check', '-q', '-f', 'qcow2', path], { acceptedExitCodes: [0, 1, 2, 3] }),
    ),
  );
  return checks
    .filter(({ exitCode }) => exitCode === 1 || exitCode === 2)
    .map(({ stderr }) => `qemu-img check: ${stderr}`);
}

async function killQemu({ store }: Home): Promise<void> {
  const status = store.get('m').status();
  if (status.kind !== 'running' || !status.qemu) throw new Error('the machine does not run');
  process.kill(status.qemu.pid, 'SIGKILL');
  await until(() => store.get('m').status().kind === 'stopped');
}
