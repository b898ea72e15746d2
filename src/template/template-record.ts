import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { BrokenTemplateError } from '../errors/index.ts';
import { replaceFile } from '../util/files/atomic-file.ts';
import { machineDirectory } from '../machine/paths/directory.ts';
import type { Plan } from '../machine/plan/plan.ts';
import type { TemplateFiles } from './template-files.ts';
import { unlessMissing } from '../util/files/unless-missing.ts';

const schema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** What it was booted from, as its user wrote it. */
  image: z.string(),
  /** Of all that it was made from, as lower-case hexadecimal SHA-256. */
  inputs: z.string(),
  basis: z.record(z.string(), z.string()),
  /** Whether this QEMU says why a state cannot be restored, and does not just exit. */
  staysOnFailure: z.boolean(),
  /** Whether this QEMU opens the file of a state by itself. */
  opensFiles: z.boolean().default(true),
  /** Whether this QEMU maps a file privately that it may only read. */
  opensReadOnly: z.boolean(),
  /** The plan that its machine ran by. */
  plan: z.looseObject({ name: z.string(), memoryBytes: z.number() }),
});

export interface TemplateRecord extends Omit<z.infer<typeof schema>, 'plan'> {
  readonly plan: Plan;
}

/** @throws NodeJS.ErrnoException. */
export function writeRecord({ record }: TemplateFiles, content: Omit<TemplateRecord, 'version'>): void {
  replaceFile(record, `${JSON.stringify({ version: 1, ...content }, null, 2)}\n`);
}

/** Undefined where there is none. @throws BrokenTemplateError. */
export function readRecord(name: string, { record, directory }: TemplateFiles): TemplateRecord | undefined {
  const text = unlessMissing(() => readFileSync(record, 'utf8'));
  if (text === undefined) return undefined;
  try {
    const content = schema.parse(JSON.parse(text));
    const plan = content.plan as unknown as Plan;
    return { ...content, plan: { ...plan, directory: machineDirectory(plan.directory.sockets, directory) } };
  } catch (cause) {
    throw new BrokenTemplateError(name, 'its record cannot be understood', { cause });
  }
}
