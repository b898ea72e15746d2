import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../public/format.ts';
import { type ListedMachine, MachineStore, describeStatus } from '../../machines/index.ts';
import { isRunning } from '../session/each-machine.ts';
import { collect } from '../flags/flag-values.ts';
import type { Colour } from '../output/colour.ts';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { table } from '../output/table.ts';
import { printLines } from '../output/say.ts';
import { describeForwards } from './describe-forwards.ts';
import { POOL_HEADING, POOL_NUMBERS, type PoolRow, poolCells, poolRows } from '../state/pool-rows.ts';

interface Flags extends FormatFlags {
  readonly all?: true;
  readonly running?: true;
  readonly filter?: readonly string[];
  readonly quiet?: true;
}

const STATE_COLOURS: Readonly<Record<string, Colour>> = { running: 'green', paused: 'yellow', broken: 'red' };

type Sound = Extract<ListedMachine, { spec: unknown }>;

/** The first ones are the usual ones; the others are QEMU's, and two of the keeper's. */
const USUAL_STATES = ['running', 'paused', 'stopped', 'created', 'saved', 'broken'];
const STATES = [
  ...USUAL_STATES,
  ...['starting', 'io-error', 'internal-error', 'guest-panicked', 'watchdog', 'suspended', 'shutdown'],
  ...['inmigrate', 'postmigrate', 'finish-migrate', 'save-vm', 'restore-vm', 'debug', 'colo'],
];
const EXPECTED_FILTER = `expected name=TEXT, label=KEY[=VALUE] or state=${USUAL_STATES.join('|')}`;

export function lsCommand(): Command {
  const command = new Command('ls')
    .description(
      'Lists machines with their state. The column DETAIL shows how a machine ended, why it is broken, which disk the host has no space for, what the guest cannot mount, or which settings of a running machine take effect at its next start. With --all, also ' +
        'lists pools (see vmlet pool) below the machines, except with --quiet, --filter or --format TEMPLATE.',
    )
    .option(
      '-f, --filter <filter>',
      'list only matching machines: name=TEXT (a part of the name), label=KEY[=VALUE] or state=STATE, such as state=running; with several --filter, a machine must match all',
      collect,
    )
    .option('-a, --all', 'also list pools; ignore --running')
    .option('--running', 'list only running machines, like vmlet ps')
    .option('-q, --quiet', 'print only names');
  return addFormatOptions(command, '{{.Name}} {{.State}}').action(list);
}

async function list(flags: Flags): Promise<void> {
  const filters = (flags.filter ?? []).map(parseFilter);
  const machines = new MachineStore()
    .list()
    .filter((machine) => flags.all || !flags.running || isRunning(machine))
    .filter((machine) => filters.every((matches) => matches(machine)));
  const pools = await poolsOf(flags);
  if (printRecords(flags, 'machines', machines.map(recordOf), pools && { pools })) return;
  if (flags.quiet) {
    printLines(machines.map(({ name }) => name));
    return;
  }
  const rows = machines.map(row);
  process.stdout.write(
    table([['NAME', 'STATE', 'MEMORY', 'CPUS', 'PORTS', 'DETAIL'], ...rows], {
      colourOf: (cell, column) => (column === 1 ? STATE_COLOURS[cell] : undefined),
    }),
  );
  if (pools === undefined || pools.length === 0) return;
  process.stdout.write(
    `\n${table([['POOL', ...POOL_HEADING], ...pools.map(poolCells)], { numbers: POOL_NUMBERS })}`,
  );
}

/**
 * Names alone are for other verbs, such as `vmlet rm $(vmlet ls -aq)`, and templates have the fields of machines; filters
 * select machines.
 */
async function poolsOf({ all, quiet, format, filter }: Flags): Promise<PoolRow[] | undefined> {
  const isWanted = all && !quiet && filter === undefined && (format === undefined || format === 'json');
  return isWanted ? poolRows() : undefined;
}

function row(machine: ListedMachine): string[] {
  if (!('spec' in machine)) return [machine.name, 'broken', '', '', '', machine.problem];
  const { name, spec, ports, sockets } = machine;
  return [
    name,
    stateOf(machine),
    formatBytes(spec.memoryBytes),
    String(spec.cpus),
    [...describeForwards(ports), ...sockets.map(({ path, guestPort }) => `${path}->${guestPort}`)].join(', '),
    detailOf(machine),
  ];
}

/** The column STATE says what a running machine does. */
function detailOf({ status, pendingChanges }: Sound): string {
  const isSound = status.kind === 'running' && !status.outOfSpace && status.failedMounts.length === 0;
  const reason = isSound ? '' : describeStatus(status);
  const pending = pendingChanges.length > 0 && `changed for the next start: ${pendingChanges.join(', ')}`;
  return [reason, pending].filter(Boolean).join('; ');
}

/** State in one word, for the table and --filter. */
export function stateOf(machine: ListedMachine): string {
  if (!('spec' in machine)) return 'broken';
  return machine.status.kind === 'running' ? machine.status.state : machine.status.kind;
}

/** The entry of a machine in `--json`. */
export function recordOf(machine: ListedMachine) {
  if (!('spec' in machine)) return { state: 'broken' as const, ...machine };
  const { status } = machine;
  return { state: stateOf(machine), ...machine, status: { ...status, description: describeStatus(status) } };
}

function parseFilter(text: string): (machine: ListedMachine) => boolean {
  const [key = '', ...rest] = text.split('=');
  const wanted = rest.join('=');
  const sound = (check: (machine: Sound) => boolean) => (machine: ListedMachine) =>
    'spec' in machine && check(machine);
  switch (rest.length > 0 ? key : '') {
    case 'name':
      return ({ name }) => name.includes(wanted);
    case 'state':
      if (!STATES.includes(wanted)) {
        throw new InvalidInputError('filter', `no such state: ${wanted}`, {
          hint: `use one of ${USUAL_STATES.join(', ')}, or one of the rarer states: ${STATES.slice(USUAL_STATES.length).join(', ')}`,
        });
      }
      return (machine) => stateOf(machine) === wanted;
    case 'label': {
      const [label = '', ...value] = wanted.split('=');
      return sound(({ spec }) =>
        value.length === 0 ? label in spec.labels : spec.labels[label] === value.join('='),
      );
    }
    default:
      throw new InvalidInputError('filter', `invalid value ${JSON.stringify(text)}: ${EXPECTED_FILTER}`);
  }
}
