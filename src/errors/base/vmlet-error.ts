export interface ErrorDetails {
  /** What the user can do about it, one sentence. */
  readonly hint?: string | undefined;
  /** What a program or a guest said last, oldest first: the message ends with them, each on a line of its own. */
  readonly lines?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** Every error that vmlet throws on purpose. `code` is stable across releases; `message` is not. */
export abstract class VmletError extends Error {
  abstract readonly code: `VMLET_${string}`;
  readonly hint: string | undefined;
  /** The lines that the message ends with, oldest first; mostly none. */
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

/** The message without the lines that it ends with. */
export function sentenceOf({ message, lines }: VmletError): string {
  const quoted = lines.reduce((length, line) => length + `\n  ${line}`.length, 0);
  return message.slice(0, message.length - quoted);
}
