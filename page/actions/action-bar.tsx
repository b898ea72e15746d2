import type { SoundMachine } from '../api/types.ts';
import { Menu } from '../parts/menu.tsx';
import { useAsked } from '../state/asked.ts';
import type { Action } from '../state/notices.ts';
import { workOn } from '../state/work.ts';
import { useValue } from '../values/observable.ts';
import { actionsOf, type MachineAction, mayBegin, perform } from './actions.ts';
import { Question } from './questions.tsx';

interface Properties {
  readonly machine: SoundMachine;
  /** Called when the server has accepted an action. */
  readonly onAccepted?: (action: MachineAction) => void;
  /** Called when it has succeeded. */
  readonly onSucceeded?: (action: MachineAction) => void;
}

/** The usual verb as a button, the others in a menu. Most wait until other work on the machine has ended. */
export function ActionBar({ machine, onAccepted, onSucceeded }: Properties) {
  const [asked, ask] = useAsked<MachineAction>();
  const [usual, ...others] = actionsOf(machine);
  const work = useValue(workOn(machine.name));
  const run = async (action: MachineAction, refused?: Action['refused']): Promise<boolean> => {
    const accepted = await perform(machine.name, action, {
      refused,
      succeeded: () => onSucceeded?.(action),
    });
    if (accepted) onAccepted?.(action);
    return accepted;
  };
  const begin = (action: MachineAction): void => (action.asks ? ask(action) : void run(action));
  return (
    <div class="actions">
      {usual && (
        <button
          type="button"
          class="main"
          title={usual.command}
          aria-label={`${usual.label} ${machine.name}`}
          // It keeps the focus.
          aria-disabled={!mayBegin(usual, work)}
          // The second click of two is not meant for the verb that follows.
          onClick={({ detail }) => detail < 2 && mayBegin(usual, work) && begin(usual)}
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
          off: !mayBegin(action, work),
          run: () => begin(action),
        }))}
      />
      {asked && (
        <Question key={asked.key} machine={machine} action={asked.about} answer={run} close={asked.close} />
      )}
    </div>
  );
}
