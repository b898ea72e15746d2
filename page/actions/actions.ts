import { machinePath } from '../api/client.ts';
import type { SoundMachine } from '../api/types.ts';
import { shellCommand } from '../parts/format.ts';
import { type Action, runAction } from '../state/notices.ts';
import type { Work } from '../state/work.ts';

/** A verb for one machine. */
export interface MachineAction {
  readonly kind: string;
  readonly label: string;
  readonly command: string;
  /** Has to ask first: for a name, or since something may be lost. */
  readonly asks: boolean;
  readonly body?: object;
}

/** A question before an action. */
export interface QuestionProperties {
  readonly machine: SoundMachine;
  readonly action: MachineAction;
  /** Resolves to false if it was refused; `refused` shows why. */
  readonly answer: (action: MachineAction, refused?: Action['refused']) => Promise<boolean>;
  readonly close: () => void;
}

type Verb = Omit<MachineAction, 'command'> & { readonly words: readonly string[] };

const simple = (kind: string, label: string): Verb => ({ kind, label, words: [kind], asks: false });
const asking = (kind: string, label: string, verb = kind): Verb => ({
  kind,
  label,
  words: [verb],
  asks: true,
});

const START = simple('start', 'Start');
const RESUME = simple('resume', 'Resume');
const STOP = simple('stop', 'Stop');
const PAUSE = simple('pause', 'Pause');
const RESTART = simple('restart', 'Restart');
const SAVE = simple('save', 'Save');
const RESET = asking('reset', 'Reset');
const KILL = asking('kill', 'Kill');
const DISCARD: Verb = {
  ...asking('start', 'Start without saved memory'),
  words: ['start', '--discard-saved'],
  body: { discardSaved: true },
};

const SETTINGS = asking('set', 'Settings …');

/** States that QEMU leaves by `resume`. */
const HALTED = ['paused', 'io-error', 'suspended', 'watchdog'];

/** Returns the verbs that the machine's state allows; the first one is the usual one. */
export function actionsOf(machine: SoundMachine): MachineAction[] {
  const { name } = machine;
  return verbsOf(machine).map(({ words: [verb = '', ...flags], ...action }) => ({
    ...action,
    command: shellCommand('vmlet', verb, ...flags, name),
  }));
}

function verbsOf({ state, status, spec }: SoundMachine): Verb[] {
  const protect: Verb = spec.protected
    ? {
        kind: 'protect',
        label: 'Remove protection',
        words: ['protect', '--off'],
        asks: false,
        body: { protected: false },
      }
    : { kind: 'protect', label: 'Protect', words: ['protect'], asks: false, body: { protected: true } };
  const remove = asking('remove', 'Remove …', 'rm');
  if (status.kind === 'running') {
    const usual = HALTED.includes(state) ? [RESUME, STOP] : [STOP, PAUSE];
    // The end of a save would remove the machine.
    const save = spec.command?.remove === true ? [] : [SAVE];
    return [...usual, RESTART, ...save, SETTINGS, RESET, KILL, protect, remove];
  }
  // A clone would get only the disks.
  const others = status.kind === 'saved' ? [DISCARD] : [asking('clone', 'Clone …')];
  return [START, ...others, SETTINGS, asking('rename', 'Rename …'), protect, remove];
}

/** Other work does not refuse them, and may need them to end. */
const AT_ANY_TIME = ['kill', 'remove', 'resume', 'pause', 'reset'];

/** False while other work may refuse the action, and while the same one runs. */
export function mayBegin({ kind }: MachineAction, work: Work | undefined): boolean {
  return !work || (AT_ANY_TIME.includes(kind) && work.kind !== kind);
}

export async function perform(
  name: string,
  { kind, label, command, body }: MachineAction,
  outcomes: Pick<Action, 'refused' | 'succeeded'>,
): Promise<boolean> {
  return runAction({
    path: machinePath(name, kind),
    title: `${label.replace(/ …$/, '')} ${name}:`,
    command,
    ...outcomes,
    ...(body && { body }),
  });
}
