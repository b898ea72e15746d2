import { type ChildProcess, execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { isSystemError } from '../../../../src/errors/index.ts';
import type { SyncAgent } from '../../../../src/guest/sync/guest-tree.ts';

interface Result {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** An agent whose guest is this host. @param afterPush called with the path of each pushed file. */
export function localAgent(afterPush: (path: string) => void = () => undefined): SyncAgent {
  const push = async (source: AsyncIterable<Uint8Array>, path: string): Promise<void> => {
    const content = await buffer(source);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    afterPush(path);
  };
  return { exec: run, push } as unknown as SyncAgent;
}

async function run(
  [command = '', ...words]: readonly string[],
  { input = '' }: { readonly input?: string | AsyncIterable<Uint8Array> },
): Promise<Result> {
  let child: ChildProcess | undefined;
  const ended = new Promise<Result>((resolve) => {
    child = execFile(command, words, { encoding: 'buffer' }, (_error, stdout, stderr) =>
      resolve({ exitCode: child?.exitCode ?? null, stdout, stderr }),
    );
  });
  const stdin = child?.stdin;
  if (stdin)
    await pipeline(typeof input === 'string' ? Readable.from([input]) : input, stdin).catch(
      (error: unknown) => {
        // The command has ended without reading it, as with the real agent.
        if (!isSystemError(error, 'EPIPE')) throw error;
      },
    );
  return ended;
}
