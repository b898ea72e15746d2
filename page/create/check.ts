import { useEffect, useState } from 'preact/hooks';
import { act, ApiError, problemOf } from '../api/client.ts';
import type { ApiProblem } from '../api/types.ts';
import { shellCommand } from '../parts/format.ts';
import { connected } from '../state/server-events.ts';
import { useValue } from '../values/observable.ts';
import { type Fields, missingIn, NO_NAME, optionsOf, type Place, placeOf } from './fields.ts';

const CHECK_AFTER_MS = 250;

interface Checked {
  readonly command: string;
  readonly isAccepted: boolean;
  /** The part of the reason to show. */
  readonly problem: ApiProblem | undefined;
  /** The field that the problem is about, unless that was empty: it may be missing only because of another one. */
  readonly place: Place | undefined;
}

const NOTHING_TO_SHOW = { problem: undefined, place: undefined };

/** The server’s verdict on the fields, a moment after the last key, and again after a lost connection. */
export function useCheck(fields: Fields): Checked {
  const isConnected = useValue(connected);
  const [checked, setChecked] = useState<Checked>({
    command: shellCommand('vmlet', 'create', NO_NAME),
    isAccepted: true,
    ...NOTHING_TO_SHOW,
  });
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      act('/v1/machines/check', optionsOf(fields)).then(
        ({ command }) => isCurrent && setChecked({ command, isAccepted: true, ...NOTHING_TO_SHOW }),
        (error: unknown) => {
          if (!isCurrent) return;
          const problem = problemOf(error);
          const known = error instanceof ApiError ? error.command : undefined;
          setChecked((last) => ({
            command: usable(known ?? last.command, fields, problem),
            isAccepted: false,
            ...shownOf(problem, fields),
          }));
        },
      );
    }, CHECK_AFTER_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [fields, isConnected]);
  return checked;
}

/** An incomplete form has only errors of filled fields: the others would still be shown while the rest is typed. */
function shownOf(problem: ApiProblem, fields: Fields): Pick<Checked, 'problem' | 'place'> {
  const named = placeOf(problem.field, fields);
  if (named && fields[named.key] !== '') return { problem, place: named };
  return missingIn(fields) === '' ? { problem, place: undefined } : NOTHING_TO_SHOW;
}

/** A name that is not valid might be an option. */
function usable(command: string, fields: Fields, { field }: ApiProblem): string {
  const start = shellCommand('vmlet', 'create', fields.name);
  if (placeOf(field, fields)?.key !== 'name' || !command.startsWith(start)) return command;
  return shellCommand('vmlet', 'create', NO_NAME) + command.slice(start.length);
}
