import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface MenuItem {
  readonly label: string;
  /** The shell command that does the same. */
  readonly command?: string;
  /** It cannot be chosen now, and stays where it is. */
  readonly off?: boolean;
  readonly run: () => void;
}

interface Properties {
  readonly label: string;
  /** The name for screen readers, where the label alone is ambiguous. */
  readonly name: string;
  readonly items: readonly MenuItem[];
}

/** A button with a menu: the arrow keys choose, Escape closes. */
export function Menu({ label, name, items }: Properties) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const entries = (): HTMLElement[] => [
    ...(list.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? []),
  ];
  const choose = (item: MenuItem): void => {
    if (item.off) return;
    list.current?.hidePopover();
    button.current?.focus();
    item.run();
  };
  const move = (event: KeyboardEvent): void => {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: Math.max(at, 0) - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') list.current?.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % all.length)?.focus();
  };
  // At once, not when the browser says that it has opened: the next key is for the menu.
  const toggle = (event: Event): void => {
    event.preventDefault();
    if (list.current?.togglePopover() !== true || !button.current) return;
    const { bottom, right, top } = button.current.getBoundingClientRect();
    const { offsetHeight, offsetWidth } = list.current;
    const isAbove = bottom + offsetHeight > innerHeight && top > offsetHeight;
    list.current.style.top = `${isAbove ? top - offsetHeight - 4 : Math.min(bottom + 4, innerHeight - offsetHeight)}px`;
    list.current.style.left = `${Math.max(4, right - offsetWidth)}px`;
    entries()[0]?.focus();
  };
  // An entry that had the focus may be gone: the keys stay with the menu, and none of its other entries is chosen for it.
  useLayoutEffect(() => {
    const { current } = list;
    if (current?.matches(':popover-open') && document.activeElement === document.body) current.focus();
  });
  return (
    <div class="menu">
      <button
        type="button"
        ref={button}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={name}
        popovertarget={id}
        onClick={toggle}
      >
        {label}
      </button>
      <div
        id={id}
        ref={list}
        role="menu"
        tabIndex={-1}
        aria-label={name}
        popover="auto"
        onToggle={({ newState }) => setOpen(newState === 'open')}
        onKeyDown={move}
      >
        {items.map((item) => (
          <button
            type="button"
            role="menuitem"
            tabIndex={-1}
            key={item.label}
            aria-disabled={item.off === true}
            onClick={() => choose(item)}
          >
            <span>{item.label}</span>
            {item.command && <code>{item.command}</code>}
          </button>
        ))}
      </div>
    </div>
  );
}
