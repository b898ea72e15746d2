import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseHostPorts } from '../../../src/network/ports/host-port.ts';
import { parsePortForwards } from '../../../src/network/ports/port.ts';
import { PASST_BACKENDS, processesWith } from './lab.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PATIENT = { timeout: 30_000, interval: 20 };
let launcher: ChildProcess | undefined;
const markers: string[] = [];

/** A launcher that is killed leaves its directory: another layer sweeps it, and here the test does. */
afterEach(() => {
  launcher?.kill('SIGKILL');
  for (const name of readdirSync(tmpdir())) {
    if (markers.some((marker) => name.includes(marker))) rmSync(join(tmpdir(), name), { recursive: true });
  }
});

/** Starts the launcher, kills it `delayMs` after it has printed `stage`, and returns what to look for. */
async function killAt(
  backend: string,
  stage: string,
  delayMs = 0,
  passtPath: string[] = [],
): Promise<{ marker: string; forward: string }> {
  const marker = randomUUID();
  markers.push(marker);
  const [forward] = await chooseHostPorts(parsePortForwards(['80']));
  const port = String(forward!.hostPort);
  launcher = spawn(
    process.execPath,
    ['--import', 'tsx', 'fixtures/network/passt-launcher.ts', backend, marker, port, ...passtPath],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: launcher.stdout! });
  for await (const line of lines) if (line === stage) break;
  if (delayMs > 0) await new Promise((done) => setTimeout(done, delayMs));
  if (stage === 'replied') {
    expect(processesWith(marker)).toHaveLength(2);
    expect(processesWith(`127.0.0.1/${port}:80`)).toHaveLength(1);
  }
  launcher.kill('SIGKILL');
  if (launcher.signalCode === null && launcher.exitCode === null) await once(launcher, 'exit');
  return { marker, forward: `127.0.0.1/${port}:80` };
}

async function expectNothingLeft({ marker, forward }: { marker: string; forward: string }): Promise<void> {
  await vi.waitFor(() => {
    expect(processesWith(marker)).toEqual([]);
    expect(processesWith(forward)).toEqual([]);
  }, PATIENT);
}

describe.each(PASST_BACKENDS.filter(({ missing }) => !missing))(
  'a launcher with $backend that is killed',
  ({ backend }) => {
    it.each(['started', 'spawned', 'ready', 'replied'])('when it is %s leaves no process', async (stage) => {
      await expectNothingLeft(await killAt(backend, stage));
    });

    it('at any moment of the start leaves no process', async () => {
      // Not a wait for a condition: the moment of the kill varies.
      for (let delayMs = 5; delayMs <= 80; delayMs += 15) {
        await expectNothingLeft(await killAt(backend, 'started', delayMs));
      }
    });

    it('before passt looks at its connection leaves no process', async () => {
      await expectNothingLeft(
        await killAt(backend, 'spawned', 100, [join(ROOT, 'fixtures/network/passt-slow')]),
      );
    });
  },
);
