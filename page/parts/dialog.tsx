import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Command } from './command.tsx';

interface Properties {
  readonly title: string;
  /** The label of the button that does it. */
  readonly verb: string;
  readonly danger?: boolean;
  /** The shell command that does the same; it changes with the fields. */
  readonly command: string;
  readonly run: () => void;
  readonly close: () => void;
  readonly children?: ComponentChildren;
}

/** A question before an action, with its fields and its command. */
export function Dialog({ title, verb, danger = false, command, run, close, children }: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      // One that was closed has given the focus back already, and a key may have moved it since.
      if (shown?.open) before?.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={close}>
      <form
        method="dialog"
        onSubmit={() => {
          run();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <Command text={command} />
        <div class="row">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={danger ? 'danger' : 'main'}>
            {verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
