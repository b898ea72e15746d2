import type { SoundMachine } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { Menu } from '../parts/menu.tsx';
import { actionsOf, type MachineAction, perform } from './actions.ts';
import { Question } from './questions.tsx';

interface Properties {
  readonly machine: SoundMachine;
  /** Called with the new name when the machine was renamed. */
  readonly onRename?: (name: string) => void;
}

/** The usual verb as a button, the others in a menu. */
export function ActionBar({ machine, onRename }: Properties) {
  const [asked, ask] = useAsked<MachineAction>();
  const [usual, ...others] = actionsOf(machine);
  const run = (action: MachineAction): void => {
    void perform(machine.name, action).then((accepted) => {
      if (accepted && action.kind === 'rename') onRename?.((action.body as { name: string }).name);
    });
  };
  const begin = (action: MachineAction): void => (action.asks ? ask(action) : run(action));
  return (
    <div class="actions">
      {usual && (
        <button
          type="button"
          class="main"
          title={usual.command}
          aria-label={`${usual.label} ${machine.name}`}
          onClick={() => begin(usual)}
        >
          {usual.label}
        </button>
      )}
      <Menu
        label="More"
        name={`More actions for ${machine.name}`}
        items={others.map((action) => ({
          label: action.label,
          command: action.command,
          run: () => begin(action),
        }))}
      />
      {asked && (
        <Question key={asked.key} machine={machine} action={asked.about} answer={run} close={asked.close} />
      )}
    </div>
  );
}
