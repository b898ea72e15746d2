import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Command } from './command.tsx';

interface Properties {
  readonly title: string;
  /** The label of the button that does it. */
  readonly verb: string;
  readonly danger?: boolean;
  /** Whether it may be done; true by default. */
  readonly ready?: boolean;
  /** The shell command that does the same; it changes with the fields. */
  readonly command: string;
  /** A dialog whose action may be refused stays open until the promise says whether it was accepted. */
  readonly run: () => Promise<boolean> | undefined;
  readonly close: () => void;
  readonly children?: ComponentChildren;
}

/** A question before an action, with its fields and its command. */
export function Dialog({
  title,
  verb,
  danger = false,
  ready = true,
  command,
  run,
  close,
  children,
}: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [isAsking, setAsking] = useState(false);
  // With the rendering: the next key is for the dialog.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // Typing replaces a name or size that is filled in.
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.select();
    // Gives the focus back, unless it was closed before.
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={close}>
      <form
        method="dialog"
        onSubmit={(event) => {
          const asked = run();
          if (!asked) return;
          event.preventDefault();
          setAsking(true);
          void asked.then((accepted) => (accepted ? dialog.current?.close() : setAsking(false)));
        }}
        // Enter in a field would remove at once: only the button does.
        onKeyDown={(event) =>
          danger &&
          event.key === 'Enter' &&
          event.target instanceof HTMLInputElement &&
          event.preventDefault()
        }
      >
        <h2 id={id}>{title}</h2>
        {children}
        <Command text={command} />
        <div class="row">
          <button type="button" autofocus={danger} onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={danger ? 'danger' : 'main'} disabled={!ready || isAsking}>
            {verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
