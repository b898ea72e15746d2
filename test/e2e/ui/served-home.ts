import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { Scope } from '../../../src/util/scope.ts';
import { type Home, makeHome } from '../named/home.ts';
import { openChromium } from './chromium.ts';
import { UiServer } from './ui-server.ts';

/** A home whose machines `vmlet ui` shows in a browser of its own. */
export interface ServedHome {
  readonly home: Home;
  readonly browser: Browser;
  readonly ui: UiServer;
  /** Ends what else the tests use, before these. */
  readonly scope: Scope;
}

/**
 * Serves a new home to the tests of the suite that calls it. A test fails if a page had a problem.
 * @param use called before the tests.
 */
export function serveHome(use: (served: ServedHome) => Promise<void> | void): void {
  // Closed also where something failed to open. An `afterAll` of the suite would run before, and must not fail.
  const scope = new Scope();
  let ui: UiServer | undefined;
  beforeAll(async () => {
    const home = await makeHome();
    scope.defer(async () => home.close());
    const browser = await openChromium();
    scope.defer(async () => browser.close());
    ui = new UiServer(home, browser);
    scope.defer(async () => ui?.close());
    await use({ home, browser, ui, scope });
  });
  afterAll(async () => scope.close());
  afterEach(() => expect(ui?.problems).toEqual([]));
}
