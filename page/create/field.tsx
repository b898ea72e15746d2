import { useId } from 'preact/hooks';
import type { ApiProblem } from '../api/types.ts';

interface Properties {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly set: (value: string) => void;
  /** Why its value is not valid. */
  readonly problem: ApiProblem | undefined;
  /** The id of a list of values to choose from. */
  readonly list?: string | undefined;
}

/** A field with its error below it. */
export function Field({ label, placeholder, value, set, problem, list }: Properties) {
  const id = useId();
  return (
    <div>
      <label>
        {label}
        <input
          type="text"
          value={value}
          placeholder={placeholder}
          autocomplete="off"
          aria-invalid={problem !== undefined}
          aria-describedby={id}
          {...(list !== undefined && { list })}
          onInput={(event) => set(event.currentTarget.value)}
        />
      </label>
      <FieldProblem id={id} problem={problem} />
    </div>
  );
}

/** The error of the field above it, which says which one it is. */
export function FieldProblem({ id, problem }: { readonly id: string } & Pick<Properties, 'problem'>) {
  return (
    <div class="problem" role="status" id={id}>
      {problem && <p>{withoutField(problem)}</p>}
      {problem?.hint && <p>{problem.hint}</p>}
    </div>
  );
}

/** The error without the name of the option, which is the library's. */
export function withoutField({ message, field }: ApiProblem): string {
  return field !== undefined && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}
