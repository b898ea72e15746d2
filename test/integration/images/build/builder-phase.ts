import type { ChildProcess } from 'node:child_process';

/**
 * Waits until a builder of the fixtures reports this phase on stderr. It is read to its end: a builder
 * whose stderr is closed would fail at its next message.
 */
export async function reach(child: ChildProcess, phase: string): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(`${phase}\n`)) resolve();
    });
    child.once('close', () => reject(new Error(`the builder ended: ${text}`)));
  });
}
