import { createInterface } from 'node:readline';
import { visibleText } from './printable.ts';

/**
 * Asks on a terminal before something is lost. Where nobody could answer, it is as if they had said yes: a script has
 * said what it wants.
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  signal.throwIfAborted();
  // Not a terminal to readline: the kernel lets the line be edited, and Ctrl-C stays a signal.
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
    process.stdin.destroy();
  }
}
