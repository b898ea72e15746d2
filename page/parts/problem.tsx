import type { ApiProblem } from '../api/types.ts';

/** An error in the command's words. */
export function Problem({ problem }: { readonly problem: ApiProblem }) {
  return (
    <div class="problem" role="alert">
      <p>{problem.message}</p>
      {problem.hint && <p>{problem.hint}</p>}
      {problem.lines && problem.lines.length > 0 && <pre>{problem.lines.join('\n')}</pre>}
    </div>
  );
}
