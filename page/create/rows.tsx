import { type ComponentChildren, Fragment } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { ApiProblem } from '../api/types.ts';
import { useKeptFocus } from '../state/kept-focus.ts';
import { FieldProblem } from './field.tsx';

interface Properties<Row> {
  /** The noun for one of them, as in `volume`. */
  readonly one: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly set: (rows: readonly Row[]) => void;
  /** A row to add; undefined while there is nothing to add. */
  readonly fresh: Row | undefined;
  readonly problem: ApiProblem | undefined;
  /** The row that the problem is about; undefined for all. */
  readonly at: number | undefined;
  /** The fields of a row. */
  readonly fields: (
    row: Row,
    change: (changed: Row) => void,
    marks: object,
    number: number,
  ) => ComponentChildren;
  readonly children?: ComponentChildren;
}

/** Rows of fields, to which others are added and from which they are removed. */
export function Rows<Row>({ one, title, rows, set, fresh, problem, at, fields, children }: Properties<Row>) {
  const id = useId();
  const group = useRef<HTMLFieldSetElement>(null);
  const count = useRef(rows.length);
  useKeptFocus(group);
  useLayoutEffect(() => {
    const last = group.current?.querySelector<HTMLElement>(
      '.row:nth-last-child(1 of .row) :is(input, select)',
    );
    if (rows.length > count.current) last?.focus();
    count.current = rows.length;
  }, [rows.length]);
  return (
    <fieldset ref={group} tabIndex={-1}>
      <legend>{title}</legend>
      {rows.map((row, index) => {
        const isWrong = problem !== undefined && index === at;
        const place = `${id}${index}`;
        const change = (changed: Row): void => set(rows.with(index, changed));
        return (
          <Fragment key={index}>
            <div class="row">
              {fields(row, change, { 'aria-invalid': isWrong, 'aria-describedby': place }, index + 1)}
              <button
                type="button"
                aria-label={`Remove ${one} ${index + 1}`}
                onClick={() => set(rows.toSpliced(index, 1))}
              >
                Remove
              </button>
            </div>
            <FieldProblem id={place} problem={isWrong ? problem : undefined} />
          </Fragment>
        );
      })}
      <FieldProblem id={id} problem={at === undefined ? problem : undefined} />
      {children}
      <button
        type="button"
        disabled={fresh === undefined}
        onClick={() => fresh !== undefined && set([...rows, fresh])}
      >
        Add {one}
      </button>
    </fieldset>
  );
}
