import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { useKeptFocus } from '../state/kept-focus.ts';

interface Properties {
  /** For screen readers. */
  readonly label: string;
  readonly headings: readonly string[];
  /** Whether the rows end with buttons. */
  readonly actions?: boolean;
  readonly children: ComponentChildren;
}

/** A table that scrolls sideways in a narrow window. It gets the focus of a removed row. */
export function Table({ label, headings, actions = false, children }: Properties) {
  const element = useRef<HTMLDivElement>(null);
  useKeptFocus(element);
  return (
    <div ref={element} class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {headings.map((heading) => (
              <th key={heading} scope="col">
                {heading}
              </th>
            ))}
            {actions && (
              <th scope="col">
                <span class="hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
