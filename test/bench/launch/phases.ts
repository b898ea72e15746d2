import { median } from '../measurement/statistics.ts';

export interface Phase {
  readonly name: string;
  readonly ms: number;
}

interface LogLine {
  readonly time: number;
  readonly msg: string;
  readonly startedAt?: number;
}

/** The phases of the time until a line of `vmlet run --debug`. */
const NAMES: Readonly<Record<string, string>> = {
  'command loaded': 'loading the command (and the logger, 10 ms of it)',
  'surveyed the host and the boot source': 'host, network, image',
  'started QEMU': 'directories, plan, spawning QEMU',
  'QEMU speaks QMP': 'QEMU and passt starting, QMP',
  'the guest is running': 'cont',
  'the agent answers': 'guest: firmware, kernel, agent',
  'the guest is configured': 'guest: modules, name, network, clock',
  'the command has ended': 'guest: the command',
  'machine ended': 'QEMU killed and gone',
  'machine cleaned up': 'clean-up',
};

export function readPhases(log: string, startedAt: number, endedAt: number): Phase[] {
  const lines = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ msg }) => msg in NAMES);
  const nodeStartedAt = lines[0]?.startedAt ?? startedAt;
  const phases: Phase[] = [{ name: 'starting the process', ms: nodeStartedAt - startedAt }];
  let before = nodeStartedAt;
  for (const { time, msg } of lines) {
    phases.push({ name: NAMES[msg]!, ms: time - before });
    before = time;
  }
  return [...phases, { name: 'exit of Node', ms: endedAt - before }];
}

export function describePhases(traces: readonly (readonly Phase[])[]): string {
  const names = traces[0]?.map(({ name }) => name) ?? [];
  return names
    .map((name) => {
      const times = traces.map((phases) => phases.find((phase) => phase.name === name)?.ms ?? NaN);
      return `  ${median(times).toFixed(1).padStart(8)} ms  ${name}`;
    })
    .join('\n');
}
