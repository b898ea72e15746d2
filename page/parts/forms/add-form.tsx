import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { runAction } from '../../state/notices.ts';
import { Command } from '../command.tsx';
import { Field, clearUsed } from './field.tsx';
import { shellCommand } from '../format.ts';

interface Properties {
  readonly label: string;
  /** An example; it is also the one in the command until something is typed. */
  readonly placeholder: string;
  readonly verb: string;
  readonly title: (text: string) => string;
  /** The words of the shell command, without `vmlet`. */
  readonly words: (text: string) => readonly string[];
  readonly path: string;
  readonly body: (text: string) => object;
  /** Options that are offered while typing. */
  readonly children?: ComponentChildren;
}

/** One field and the button that adds what it says. */
export function AddForm({ label, placeholder, verb, title, words, path, body, children }: Properties) {
  const id = useId();
  const [text, setText] = useState('');
  const command = shellCommand('vmlet', ...words(text || placeholder));
  const add = (event: Event): void => {
    event.preventDefault();
    void runAction({
      ...{ path, title: title(text), command, body: body(text) },
      succeeded: clearUsed(setText, text),
    });
  };
  return (
    <form class="bar" onSubmit={add}>
      <Field
        label={label}
        value={text}
        set={setText}
        required
        placeholder={placeholder}
        {...(children !== undefined && { list: id })}
      />
      {children !== undefined && <datalist id={id}>{children}</datalist>}
      <button type="submit" class="main">
        {verb}
      </button>
      <Command text={command} />
    </form>
  );
}
