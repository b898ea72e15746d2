import type { ErrorDetails } from './base/vmlet-error.ts';
import { UserFileError } from './base/user-file-error.ts';

/** The configuration file is invalid. */
export class ConfigFileError extends UserFileError {
  override readonly code = 'VMLET_CONFIG_FILE';

  constructor(file: string, line: number, field: string, problem: string, details: ErrorDetails = {}) {
    const hint = details.hint ?? 'correct this line; without it, the default applies';
    super(file, line, field, problem, { ...details, hint });
  }
}
