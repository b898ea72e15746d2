import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ApiProblem } from '../api/types.ts';

interface Refusal {
  readonly problem: ApiProblem | undefined;
  /** Shows why the action was refused. Returns false once the dialog is closed. */
  readonly refused: (problem: ApiProblem) => boolean;
  /** To call when a field changes. */
  readonly forget: () => void;
}

/** Why the server refused the action of a dialog. */
export function useRefusal(): Refusal {
  const [problem, setProblem] = useState<ApiProblem>();
  const isOpen = useRef(true);
  useLayoutEffect(() => () => void (isOpen.current = false), []);
  const refused = (found: ApiProblem): boolean => {
    setProblem(found);
    return isOpen.current;
  };
  return { problem, refused, forget: () => setProblem(undefined) };
}
