import type { ChildProcess } from 'node:child_process';

/** Waits until a builder of the fixtures has said on stderr that it is in this phase. */
export async function reach(child: ChildProcess, phase: string): Promise<void> {
  let text = '';
  for await (const chunk of child.stderr ?? []) {
    text += String(chunk);
    if (text.includes(`${phase}\n`)) return;
  }
  throw new Error(`the builder ended: ${text}`);
}
