import { Command } from 'commander';
import type { MachineStatistics, MachineStore, StatisticsRate } from '../../machines/index.ts';
import { VmletError } from '../../errors/index.ts';
import { formatBytes } from '../../public/format.ts';
import { formatDuration } from '../output/duration.ts';
import { type FormatFlags, addFormatOptions, formatRecords } from '../output/record-format.ts';
import { type Reading, RefreshingTable } from '../output/refresh.ts';
import { reportError } from '../output/report-error.ts';
import { durationMs } from '../flags/flag-values.ts';
import { isRunning } from '../session/each-machine.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { pause } from '../../util/time/pause.ts';

interface Flags extends FormatFlags {
  readonly stream: boolean;
  readonly interval?: number;
}

/** One reading of a machine. */
type Look =
  | { readonly statistics: MachineStatistics; readonly rate: StatisticsRate | undefined }
  /** The machine is running, but cannot be read. */
  | { readonly problem: VmletError };

/** With the fields of MachineStatistics, or a problem. */
interface MachineRecord {
  readonly machine: string;
}

const HEADING = ['NAME', 'CPU', 'QEMU-MEM', 'GUEST-MEM', 'DISK-R', 'DISK-W', 'NET-R', 'NET-W', 'UPTIME'];
const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8];
const DEFAULT_INTERVAL_MS = 1000;
const UNKNOWN = '-';

export function statsCommand(): Command {
  const command = new Command('stats')
    .description(
      'Shows the resource usage of machines in a table. On a terminal, refreshes the table. With --json, prints each reading ' +
        'of a machine as one line of JSON. --format has the same fields, and .Name. A CPU value of 100 % is one processor of ' +
        'this host. QEMU-MEM is the memory of the QEMU process: its own, and the used part of the memory of the guest, ' +
        'whose size is GUEST-MEM. Network traffic is that of the cards on bridges of this host; without such cards, an ' +
        'agent in the guest is asked for it, for at most a second.',
    )
    .argument('[machines...]', 'names of the machines (default: all running)')
    .option('--no-stream', 'print one reading and exit')
    .option('--interval <time>', 'time between readings (default: 1s)', durationMs);
  return addFormatOptions(command, '{{.Name}} {{.Rate.Cpu.Percent}}').action(stats);
}

async function stats(names: string[], flags: Flags): Promise<void> {
  // An invalid template is an error at once.
  const template = flags.format === 'json' ? undefined : flags.format;
  if (template !== undefined) formatRecords(template, []);
  const { MachineStore, rate } = await import('../../machines/index.ts');
  const store = new MachineStore();
  // Names that do not exist or do not run are errors at once.
  const wanted = new Set(names);
  for (const name of wanted) store.get(name).live();
  const output = new RefreshingTable({ numbers: NUMBERS, json: flags.json ?? flags.format === 'json' });
  const before = new Map<string, MachineStatistics>();
  await untilInterrupted(async (signal) => {
    for (let reading = 1; ; reading++) {
      const looks = new Map<string, Look>();
      await Promise.all(
        (names.length > 0 ? [...wanted] : running(store)).map(async (name) => {
          const look = await lookAt(store, name, signal);
          if (look instanceof VmletError) {
            // Without names, a machine that ends is dropped silently.
            if (wanted.delete(name)) process.exitCode = reportError(look);
          } else if ('problem' in look) looks.set(name, look);
          else {
            const previous = before.get(name);
            before.set(name, look.statistics);
            looks.set(name, { ...look, rate: previous && rate(previous, look.statistics) });
          }
        }),
      );
      if (flags.stream || reading === 2) {
        if (template === undefined || flags.json) output.show(readingOf(looks));
        else process.stdout.write(formatLooks(template, looks));
      }
      if (!flags.stream && reading === 2) return;
      if (names.length > 0 && wanted.size === 0) return;
      await pause(flags.interval ?? DEFAULT_INTERVAL_MS, signal);
    }
  });
}

function running(store: MachineStore): string[] {
  return store
    .list()
    .filter(isRunning)
    .map(({ name }) => name);
}

/** @returns the error if the machine no longer runs. */
async function lookAt(store: MachineStore, name: string, signal: AbortSignal): Promise<Look | VmletError> {
  try {
    const statistics = await store.get(name).live().statistics({ askGuest: true, signal });
    return { statistics, rate: undefined };
  } catch (error) {
    if (!(error instanceof VmletError)) throw error;
    return running(store).includes(name) ? { problem: error } : error;
  }
}

function readingOf(looks: ReadonlyMap<string, Look>): Reading {
  return {
    rows: [HEADING, ...sorted(looks).map(([name, look]) => rowOf(name, look))],
    records: recordsOf(looks),
  };
}

function recordsOf(looks: ReadonlyMap<string, Look>): MachineRecord[] {
  return sorted(looks).map(([machine, look]) =>
    'problem' in look
      ? { machine, version: 1, problem: look.problem.message }
      : { machine, ...look.statistics, rate: look.rate ?? null },
  );
}

function sorted(looks: ReadonlyMap<string, Look>): [string, Look][] {
  return [...looks].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** A machine that cannot be read has no fields; a later reading has them again. */
function formatLooks(template: string, looks: ReadonlyMap<string, Look>): string {
  // `.Name` is the field of the other commands.
  const records = recordsOf(looks).map((record) => ({ name: record.machine, ...record }));
  const complete = records.flatMap((record) => ('problem' in record ? [] : { ...record, problem: null }));
  return formatRecords(template, records, complete);
}

function rowOf(name: string, look: Look): string[] {
  if ('problem' in look) return [name, ...NUMBERS.map(() => UNKNOWN)];
  const { statistics, rate } = look;
  const { rssBytes, guestBytes } = statistics.memory;
  return [
    name,
    rate ? `${rate.cpu.percent.toFixed(1)} %` : UNKNOWN,
    rssBytes === null ? UNKNOWN : formatBytes(rssBytes),
    formatBytes(guestBytes),
    perSecond(rate?.disks.map(({ readBytes }) => readBytes)),
    perSecond(rate?.disks.map(({ writtenBytes }) => writtenBytes)),
    perSecond(rate?.networks?.map(({ receivedBytes }) => receivedBytes)),
    perSecond(rate?.networks?.map(({ sentBytes }) => sentBytes)),
    formatDuration(statistics.uptimeMs),
  ];
}

function perSecond(rates: readonly number[] | undefined): string {
  if (rates === undefined) return UNKNOWN;
  return `${formatBytes(Math.round(rates.reduce((sum, one) => sum + one, 0)))}/s`;
}
