import { statSync, utimesSync } from 'node:fs';
import { TemplateInUseError, TemplateNotFoundError, isSystemError } from '../../errors/index.ts';
import { sha256 } from '../../images/digest/sha256.ts';
import { createTemplate } from '../../template/create-template.ts';
import { listTemplates, removeTemplate } from '../../template/named-templates.ts';
import { keptByDefault } from '../../template/kept/kept-by-default.ts';
import type { Template } from '../../template/template.ts';
import { TemporaryTemplate } from '../../template/temporary-template.ts';
import { packageVersion } from '../../machine/paths/package-files.ts';
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
  // A guest is the same however it began.
  const { kept: _kept, ...template } = partsOf(setup).template;
  const options = Object.entries(template)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `test-${sha256(JSON.stringify([packageVersion(), process.cwd(), options])).slice(0, 16)}`;
}

async function makeTemplate(setup: GuestSetup): Promise<Template> {
  using runner = new RunnerWatch();
  const options = { kept: keptByDefault(process.env), ...partsOf(setup).template, signal: runner.signal };
  if (setup.prepare) return await createTemplate(options);
  const template = await createTemplate({ ...options, name: templateName(setup), existing: 'reuse' });
  const now = new Date();
  utimesSync(template.directory, now, now);
  removeUnused(now);
  return template;
}

/** Removes shared templates of tests that have not been used for a week. */
export function removeUnused(now: Date): void {
  for (const { name, template } of listTemplates()) {
    if (!template || !OURS.test(name)) continue;
    try {
      if (now.getTime() - statSync(template.directory).mtimeMs > UNUSED_MS) removeTemplate(name);
    } catch (error) {
      // A pool uses it.
      if (error instanceof TemplateInUseError) continue;
      // Another process has removed it, or is recreating it.
      if (!(error instanceof TemplateNotFoundError) && !isSystemError(error, 'ENOENT')) throw error;
    }
  }
}
