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
  /** The image it was booted from, as the user wrote it. */
  image: z.string(),
  /** Digest of all that it was created from: SHA-256 in lower-case hexadecimal. */
  inputs: z.string(),
  /**
   * The boot of the host since which the files may be in its page cache only; undefined once they are on the disk. After
   * another boot they may be damaged.
   */
  unflushedSince: z.string().optional(),
  basis: z.record(z.string(), z.string()),
  /** Whether this QEMU reports why a state cannot be restored, instead of exiting. */
  staysOnFailure: z.boolean(),
  /** Whether this QEMU opens a state file itself. */
  opensFiles: z.boolean().default(true),
  /** Whether this QEMU can map a read-only file privately. */
  opensReadOnly: z.boolean(),
  /** The plan of the machine that was saved. */
  plan: z.looseObject({ name: z.string(), memoryBytes: z.number() }),
});

export interface TemplateRecord extends Omit<z.infer<typeof schema>, 'plan'> {
  readonly plan: Plan;
}

/** @throws NodeJS.ErrnoException. */
export function writeRecord({ record }: TemplateFiles, content: Omit<TemplateRecord, 'version'>): void {
  replaceFile(record, `${JSON.stringify({ version: 1, ...content }, null, 2)}\n`);
}

/** Reads a template's record; undefined where it is missing. @throws BrokenTemplateError. */
export function readRecord(name: string, { record, directory }: TemplateFiles): TemplateRecord | undefined {
  const text = unlessMissing(() => readFileSync(record, 'utf8'));
  if (text === undefined) return undefined;
  try {
    const content = schema.parse(JSON.parse(text));
    const plan = content.plan as unknown as Plan;
    return {
      ...content,
      plan: {
        ...{ shares: [], volumes: [], tmpfs: [], rootPorts: [] },
        ...plan,
        directory: machineDirectory(plan.directory.sockets, directory),
      },
    };
  } catch (cause) {
    throw new BrokenTemplateError(name, 'template.json is invalid', { cause });
  }
}
