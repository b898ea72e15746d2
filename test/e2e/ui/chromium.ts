import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';

/** Why the page cannot be shown here; undefined if it can. */
export const withoutChromium = existsSync(PROGRAM) ? undefined : 'chromium is not installed';

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
  // The sandbox of Chromium needs namespaces, which root in a container may lack.
  return chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', ...QUIET] });
}
