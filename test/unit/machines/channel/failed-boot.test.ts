import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { LaunchError, TimedOutError } from '../../../../src/errors/index.ts';
import { attachBootingAgent } from '../../../../src/machines/channel/attach-agent.ts';
import { serialStartFile } from '../../../../src/machines/channel/serial-start.ts';
import { whileKernelLives } from '../../../../src/machines/channel/while-kernel-lives.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { countAsRunning, storedMachine } from '../stored-machine.ts';

const machine = storedMachine(temporaryDirectory(), { memoryBytes: 128 * 1024 * 1024 });
const { definition } = machine;
const { files } = definition;

/** Writes a log with an earlier run, whose last line is no part of this run. */
function consoleOf(text: string): void {
  mkdirSync(dirname(files.serialLog), { recursive: true });
  writeFileSync(files.serialLog, 'earlier run\n');
  const start = serialStartFile(files);
  writeFileSync(start.path, start.text);
  appendFileSync(files.serialLog, text);
}

it('the error for a guest that does not answer ends with the last lines of its console', async () => {
  consoleOf('booting\n\nwaiting for disk');
  countAsRunning(machine);
  mkdirSync(dirname(files.agentSocket), { recursive: true });
  const server = createServer().listen(files.agentSocket);
  await once(server, 'listening');
  try {
    const error: unknown = await attachBootingAgent(definition, { timeoutMs: 50 }).catch(
      (why: unknown) => why,
    );
    expect(error).toBeInstanceOf(TimedOutError);
    expect(error).toMatchObject({
      message: 'timed out after 0.05 s waiting for the guest agent\n  booting\n  waiting for disk',
      lines: ['booting', 'waiting for disk'],
      hint: 'check the last lines of the console: the guest may not have booted, or may have no agent',
    });
    consoleOf('');
    const silent: unknown = await attachBootingAgent(definition, { timeoutMs: 50 }).catch(
      (why: unknown) => why,
    );
    const plain =
      'the guest may not have booted, or may have no agent; it printed nothing on its serial console';
    expect(silent).toMatchObject({
      lines: [],
      hint: `${plain}; look at its screen: vmlet screenshot web`,
      cause: { message: (silent as Error).message, hint: plain },
    });
  } finally {
    server.close();
  }
});

it('the cause of the error for a dead kernel has no advice on the machine', async () => {
  consoleOf('---[ end Kernel panic - not syncing: no room ]---\n');
  const idle = async (signal: AbortSignal): Promise<unknown> => once(signal, 'abort');
  const error: unknown = await whileKernelLives(definition, idle, undefined).catch((why: unknown) => why);
  expect(error).toBeInstanceOf(LaunchError);
  expect(error).toMatchObject({
    hint: expect.stringMatching(
      /vmlet logs --source serial web; .* run: vmlet kill web; vmlet set web --memory 1G && vmlet start web$/,
    ) as string,
  });
  await expect(whileKernelLives(definition, idle, undefined, true)).rejects.toMatchObject({
    hint: expect.stringMatching(/ run: vmlet set web --memory 1G && vmlet start web$/) as string,
  });
  const { message, cause } = error as LaunchError;
  expect(cause).toBeInstanceOf(LaunchError);
  expect(cause).toMatchObject({
    message,
    hint: "check the last lines of the guest's console; if the guest needs more than 128 MiB of memory, add --memory 1G",
    consoleOutput: ['earlier run', '---[ end Kernel panic - not syncing: no room ]---'],
  });
});
