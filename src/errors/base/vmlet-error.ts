/** Optional parts of an error: hint, last lines and cause. */
export interface ErrorDetails {
  /** One imperative sentence that tells the user what to do. */
  readonly hint?: string | undefined;
  /** Last lines of a program or a guest, oldest first: the message ends with them, one per line. */
  readonly lines?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** Base of every error that vmlet throws on purpose. `code` is stable across releases; `message` is not. */
export abstract class VmletError extends Error {
  abstract readonly code: `VMLET_${string}`;
  readonly hint: string | undefined;
  /** The lines that the message ends with, oldest first; usually none. */
  readonly lines: readonly string[];

  constructor(message: string, details: ErrorDetails = {}) {
    const { lines = [] } = details;
    super(
      [message, ...lines.map((line) => `  ${line}`)].join('\n'),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = new.target.name;
    this.hint = details.hint;
    this.lines = lines;
  }
}

/** Returns the message without the lines at its end. */
export function sentenceOf({ message, lines }: VmletError): string {
  const quoted = lines.reduce((length, line) => length + `\n  ${line}`.length, 0);
  return message.slice(0, message.length - quoted);
}
