import { statSync, utimesSync } from 'node:fs';
import { TemplateInUseError, TemplateNotFoundError } from '../../errors/index.ts';
import { sha256 } from '../../images/digest/sha256.ts';
import { createTemplate } from '../../template/create-template.ts';
import { removeTemplate } from '../../template/named-templates.ts';
import { keptByDefault } from '../../template/kept/kept-by-default.ts';
import type { Template } from '../../template/template.ts';
import { TemplateShelf } from '../../template/template-shelf.ts';
import { TemporaryTemplate } from '../../template/temporary-template.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import { packageVersion } from '../../machine/paths/package-files.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { type GuestSetup, partsOf } from './guest-setup.ts';
import { RunnerWatch } from '../runner/runner-watch.ts';

/** Templates that no test has used for this long are removed. */
const UNUSED_MS = 7 * 24 * 60 * 60 * 1000;
const OURS = /^test-[0-9a-f]{16}$/;

const templates = new Map<GuestSetup | string, Promise<Template>>();

/**
 * Returns the template of a setup: created by the first process that needs it, and reused by all others on this host, in
 * this run and later ones. With `prepare`, each process has its own.
 * @throws what `createTemplate` throws.
 */
export async function templateOf(setup: GuestSetup): Promise<Template> {
  const key = setup.prepare ? setup : templateName(setup);
  const known = templates.get(key);
  if (known) return known;
  const made = makeTemplate(setup);
  templates.set(key, made);
  // The next test tries again.
  made.catch(() => templates.delete(key));
  return made;
}

/** Removes templates that only this process could use; a later test creates them again. */
export async function releaseTemplates(setups: Iterable<GuestSetup>): Promise<void> {
  for (const setup of setups) {
    const template = await templates.get(setup)?.catch(() => undefined);
    if (!(template instanceof TemporaryTemplate)) continue;
    templates.delete(setup);
    await template.remove();
  }
}

/** Returns a name that is unique for each set of options, and for each directory that their paths may be relative to. */
export function templateName(setup: GuestSetup): string {
  // A guest is the same however it began, and however long that may take.
  const { kept: _kept, timeoutMs: _timeoutMs, ...template } = partsOf(setup).template;
  const options = Object.entries(template)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `test-${sha256(JSON.stringify([packageVersion(), process.cwd(), options])).slice(0, 16)}`;
}

async function makeTemplate(setup: GuestSetup): Promise<Template> {
  using runner = new RunnerWatch();
  const options = { kept: keptByDefault(process.env), ...partsOf(setup).template, signal: runner.signal };
  if (setup.prepare) return await createTemplate(options);
  const name = templateName(setup);
  const now = new Date();
  // Before it is found: another process may be about to remove it.
  touch(new TemplateShelf(ownLocations()).directoryOf(name), now);
  const template = await createTemplate({ ...options, name, existing: 'reuse' });
  await removeUnused(now);
  return template;
}

/** Removes shared templates of tests that have not been used for a week, unless a process is about to reuse them. */
export async function removeUnused(now: Date): Promise<void> {
  const shelf = new TemplateShelf(ownLocations());
  const isUnused = (name: string): boolean => {
    const usedMs = lastUseOf(shelf.directoryOf(name));
    return usedMs !== undefined && now.getTime() - usedMs > UNUSED_MS;
  };
  for (const { name, template } of shelf.list()) {
    if (!template || !OURS.test(name) || !isUnused(name)) continue;
    await shelf.withFreeName(name, async () => {
      // With the lock: a process that uses it from now on finds it gone, and creates it again.
      if (isUnused(name)) removeUnlessNeeded(name);
      return Promise.resolve();
    });
  }
}

function removeUnlessNeeded(name: string): void {
  try {
    removeTemplate(name);
  } catch (error) {
    // A pool uses it, or `vmlet template rm` has removed it.
    if (!(error instanceof TemplateInUseError) && !(error instanceof TemplateNotFoundError)) throw error;
  }
}

function touch(directory: string | undefined, now: Date): void {
  if (directory !== undefined) unlessMissing(() => utimesSync(directory, now, now));
}

function lastUseOf(directory: string | undefined): number | undefined {
  return directory === undefined ? undefined : statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
}
