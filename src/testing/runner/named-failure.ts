import { VmletError } from '../../errors/index.ts';

const named = new WeakSet<Error>();

/**
 * Adds the label of a guest and the hint to the message of an error, since test runners print no other property of it.
 * @returns the same error.
 */
export function namedFailure(label: string, error: unknown): unknown {
  // Guests with equal setups share a template, which fails once.
  if (!(error instanceof VmletError) || named.has(error)) return error;
  named.add(error);
  // The stack is read before the message changes: it begins with the message, and may not have been made yet.
  const { message, hint, stack } = error;
  error.message = `guest "${label}": ${message}${hint === undefined ? '' : `\nhint: ${hint}`}`;
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  return error;
}

/** Settles like `work`; a failure names the guest. */
export async function namingFailures<T>(label: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw namedFailure(label, error);
  }
}
