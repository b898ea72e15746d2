import { join } from 'node:path';

/** The command as a user starts it. */
export const VMLET = join(import.meta.dirname, '../../../dist/bin/vmlet.js');
