import { runAction } from '../state/notices.ts';
import { Dialog } from './dialog.tsx';

/** An action that asks first, since something may be lost. */
export interface Asking {
  readonly title: string;
  readonly verb: string;
  /** Says what is lost. */
  readonly text: string;
  /** False if the text says why it cannot be done; true by default. */
  readonly ready?: boolean;
  readonly command: string;
  readonly path: string;
  readonly body?: object;
}

interface Properties {
  readonly asking: Asking;
  readonly close: () => void;
}

export function Question({ asking, close }: Properties) {
  const { title, verb, text, ready = true, ...action } = asking;
  return (
    <Dialog
      title={`${title}?`}
      verb={verb}
      danger
      ready={ready}
      command={action.command}
      run={() => void runAction({ ...action, title: `${title}:` })}
      close={close}
    >
      <p>{text}</p>
    </Dialog>
  );
}
