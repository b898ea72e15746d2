import { join } from 'node:path';
import { TEMPLATE_RECORD } from '../machine/paths/template-records.ts';

/** The paths of one template. All are in its directory. */
export interface TemplateFiles {
  readonly directory: string;
  /** Describes the template. Written last. */
  readonly record: string;
  /** The guest's memory, at its full size. */
  readonly memory: string;
  /** Devices and the memory that is not in `memory`, as a QEMU migration stream. */
  readonly state: string;
  /** An empty overlay of a disk. Each fork copies it, which takes a tenth of the time of creating one. */
  overlay(nodeName: string): string;
}

export function templateFiles(directory: string): TemplateFiles {
  return {
    directory,
    record: join(directory, TEMPLATE_RECORD),
    memory: join(directory, 'memory'),
    state: join(directory, 'state'),
    overlay: (nodeName) => join(directory, `${nodeName}.overlay.qcow2`),
  };
}
