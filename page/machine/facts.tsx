import { type ComponentChildren, toChildArray } from 'preact';

interface SectionProperties {
  readonly title: string;
  readonly children: ComponentChildren;
}

export function Section({ title, children }: SectionProperties) {
  return (
    <section>
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

interface FactProperties {
  readonly name: string;
  /** With commas between them; those that are false or undefined are left out, and the fact if all are. */
  readonly children: ComponentChildren;
}

export function Fact({ name, children }: FactProperties) {
  const shown = toChildArray(children).filter((child) => child !== '');
  if (shown.length === 0) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{shown.flatMap((child, index) => (index === 0 ? [child] : [', ', child]))}</dd>
    </>
  );
}
