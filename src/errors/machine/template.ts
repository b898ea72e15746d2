import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

export class TemplateNotFoundError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_NOT_FOUND';
  readonly template: string;

  constructor(template: string) {
    super(`there is no template ${template}`, {
      hint: 'vmlet template ls shows those that are there, vmlet template create makes one',
    });
    this.template = template;
  }
}

export class TemplateExistsError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_EXISTS';
  readonly template: string;

  constructor(template: string) {
    super(`there is a template ${template} already`, {
      hint: 'choose another name, replace it with --replace, or remove it with vmlet template rm',
    });
    this.template = template;
  }
}

/** What the template's memory depends on has changed: forks of it would crash, or worse. */
export class TemplateStaleError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_STALE';
  readonly template: string;
  /** Each in words. */
  readonly differences: readonly string[];

  constructor(template: string, differences: readonly string[]) {
    super(`the template ${template} does not fit any more: ${differences.join('; ')}`, {
      hint: 'make it anew: vmlet template create --replace, or createTemplate with existing: "replace"',
    });
    this.template = template;
    this.differences = differences;
  }
}

/** A template's own files are damaged. */
export class BrokenTemplateError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_BROKEN';
  readonly template: string;

  constructor(template: string, problem: string, details: ErrorDetails = {}) {
    super(`the template ${template} is damaged: ${problem}`, {
      hint: 'remove it with vmlet template rm and make it anew',
      ...details,
    });
    this.template = template;
  }
}
