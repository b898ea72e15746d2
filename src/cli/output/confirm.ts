import { createInterface } from 'node:readline';
import { visibleText } from './printable.ts';

/**
 * Asks for confirmation on a terminal. Without a terminal the answer is yes: a script has asked explicitly.
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  signal.throwIfAborted();
  // readline must not treat this as a terminal, so that the kernel edits the line and Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    process.stderr.write(`${visibleText(question)} [y/N] `);
    return await new Promise<boolean>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      lines.once('line', (answer) => resolve(/^y(es)?$/i.test(answer.trim())));
      lines.once('close', () => resolve(false));
    });
  } finally {
    lines.close();
  }
}
