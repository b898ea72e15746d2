import type { ComponentChildren } from 'preact';

interface Properties {
  readonly checked: boolean;
  readonly set: (checked: boolean) => void;
  /** Its label. */
  readonly children: ComponentChildren;
}

export function Checkbox({ checked, set, children }: Properties) {
  return (
    <label>
      <input type="checkbox" checked={checked} onChange={(event) => set(event.currentTarget.checked)} />{' '}
      {children}
    </label>
  );
}
