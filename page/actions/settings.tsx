import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { useRefusal } from '../state/refusal.ts';
import type { QuestionProperties } from './actions.ts';
import { changesOf, type Settings, settingsOf } from './changed-settings.ts';

/** Asks for the settings of a machine that its owner changes most often. */
export function SettingsQuestion({ machine, action, answer, close }: QuestionProperties) {
  const { name, spec, status } = machine;
  const isSaved = status.kind === 'saved';
  const { problem, refused, forget } = useRefusal();
  // A change by a shell command must not undo what is typed.
  const [shown] = useState(() => settingsOf(spec));
  const [typed, type] = useState(shown);
  const { body, flags } = changesOf(shown, typed);
  const command = shellCommand('vmlet', 'set', name, ...flags);
  const field = (key: keyof Settings) => ({
    value: typed[key],
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) => {
      forget();
      type({ ...typed, [key]: currentTarget.value });
    },
  });
  return (
    <Dialog
      title={`Settings of ${name}`}
      verb="Change"
      ready={flags.length > 0}
      command={command}
      run={async () => answer({ ...action, command, body }, refused)}
      close={close}
    >
      <label>
        Memory
        <input required autocomplete="off" disabled={isSaved} {...field('memory')} />
      </label>
      <label>
        Processors
        <input required autocomplete="off" disabled={isSaved} {...field('cpus')} />
      </label>
      <label>
        Labels, one <code>KEY=VALUE</code> a line
        <textarea rows={3} {...field('labels')} />
      </label>
      {status.kind === 'running' && (
        <p class="faint">Memory and processors change at the next start, labels at once.</p>
      )}
      {isSaved && (
        <p class="faint">The saved memory is of a machine with this memory and these processors.</p>
      )}
      {problem && <Problem problem={problem} />}
    </Dialog>
  );
}
