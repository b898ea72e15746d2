import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** The name in Debian, and that in Fedora. */
const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

/** Why the page cannot be shown here; undefined if it can. */
export const withoutChromium = PROGRAM === undefined ? 'chromium is not installed' : undefined;

/** By default it is given up after half a minute. */
const START_MS = 180_000;

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-breakpad',
];

export async function openChromium(): Promise<Browser> {
  if (PROGRAM === undefined) throw new Error('chromium is not installed');
  // The sandbox of Chromium needs namespaces, which root in a container may lack.
  return chromium.launch({
    executablePath: PROGRAM,
    args: ['--no-sandbox', ...QUIET],
    // In the C locale it uploads no file whose name is not ASCII.
    env: { ...process.env, LANG: 'C.UTF-8' },
    timeout: START_MS,
  });
}
