import type { ChildProcess } from 'node:child_process';

/**
 * Waits until a builder of the fixtures has said on stderr that it is in this phase. It is read to its end: a builder
 * whose stderr was closed would die of its next word.
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
