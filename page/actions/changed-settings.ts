import type { SoundMachine } from '../api/types.ts';
import { exactBytes } from '../parts/format.ts';

/** The settings of a machine, as they are typed. */
export interface Settings {
  readonly memory: string;
  readonly cpus: string;
  /** One label a line, as `KEY=VALUE`. */
  readonly labels: string;
}

interface Changes {
  readonly body: {
    readonly memory?: string;
    readonly cpus?: number | string;
    /** A label with null is removed. */
    readonly labels?: Readonly<Record<string, string | null>>;
  };
  /** The same, as flags of `vmlet set`. */
  readonly flags: readonly string[];
}

type Spec = Pick<SoundMachine['spec'], 'memoryBytes' | 'cpus' | 'labels'>;

/** Labels that are no line, such as one with a line break, are left out: they stay as they are. */
export function settingsOf({ memoryBytes, cpus, labels }: Spec): Settings {
  const lines = Object.entries(labels).flatMap(([key, value]) => {
    const line = `${key}=${value}`;
    return labelsOf(line).get(key) === value ? [line] : [];
  });
  return { memory: exactBytes(memoryBytes), cpus: String(cpus), labels: lines.join('\n') };
}

/** Returns the settings that differ from those that the dialog showed at first. */
export function changesOf(shown: Settings, { memory, cpus, labels }: Settings): Changes {
  const [before, after] = [labelsOf(shown.labels), labelsOf(labels)];
  const set = [...after].filter(([key, value]) => before.get(key) !== value);
  const removed = [...before.keys()].filter((key) => !after.has(key));
  const relabelled = Object.fromEntries<string | null>([
    ...set,
    ...removed.map((key) => [key, null] as const),
  ]);
  // A text that is no number is refused by the server, in its words.
  const processors = /^\d+$/.test(cpus) ? Number(cpus) : cpus;
  return {
    body: {
      ...(memory !== shown.memory && { memory }),
      ...(cpus !== shown.cpus && { cpus: processors }),
      ...(set.length + removed.length > 0 && { labels: relabelled }),
    },
    flags: [
      ...(memory === shown.memory ? [] : ['--memory', memory]),
      ...(cpus === shown.cpus ? [] : ['--cpus', cpus]),
      ...set.flatMap(([key, value]) => ['--label', `${key}=${value}`]),
      ...removed.flatMap((key) => ['--unlabel', key]),
    ],
  };
}

function labelsOf(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return new Map(lines.map((line) => pairOf(line.trim())));
}

function pairOf(line: string): [key: string, value: string] {
  const end = line.indexOf('=');
  return end === -1 ? [line, ''] : [line.slice(0, end), line.slice(end + 1)];
}
